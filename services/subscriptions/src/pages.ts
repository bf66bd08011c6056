import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { SubscriptionsSettings } from "./config.ts";
import { builtConsole } from "./console/console-files.ts";
import { consoleRoutes } from "./console/routes/console.ts";
import type { ApiParts, FeatureDeps } from "./feature-deps.ts";
import type { Feature } from "./http/api.ts";
import { identityProvider } from "./sign-in/identity-provider.ts";
import { requestSealer } from "./sign-in/sealed-request.ts";
import { signInAudit } from "./sign-in/routes/sign-in-audit.ts";
import { signInRoutes, type SignInRoutesDeps } from "./sign-in/routes/sign-in.ts";

type PagesOptions = { readonly settings: SubscriptionsSettings; readonly log: Logger };

/** What is served beside the API: the console, the sign-in to it, and the portal. */
export const servedPages = async (
  parts: Pick<ApiParts, "known">,
  deps: Pick<FeatureDeps, "access" | "audit">,
  options: PagesOptions,
): Promise<Feature> => {
  const { settings } = options;
  const pages = await builtPages(options);
  const signIn = settings.CONSOLE === "on" ? signInDeps(parts, deps, options) : undefined;
  return (api) => {
    if (signIn !== undefined) signInRoutes(api, signIn);
    pages?.(api);
  };
};

/** The console and the portal, as far as they are on and were built. */
const builtPages = async ({ settings, log }: PagesOptions): Promise<Feature | undefined> => {
  const { CONSOLE, PORTAL_ORIGIN: origin, PORTAL_FRAME_ANCESTORS: frameAncestors } = settings;
  const { RUNBOOK_BASE_URL: runbooks } = settings;
  if (CONSOLE === "off" && origin === undefined) return undefined;
  const files = await builtConsole();
  if (files === undefined) {
    log.warn({ hint: "npm run build --workspace console" }, "console.not_built");
    return undefined;
  }
  const portal = origin === undefined ? undefined : { origin, frameAncestors };
  return (api) => consoleRoutes(api, { files, isOn: CONSOLE === "on", runbooks, portal });
};

const signInDeps = (
  { known }: Pick<ApiParts, "known">,
  { access: { sessions }, audit: { audit, now } }: Pick<FeatureDeps, "access" | "audit">,
  options: PagesOptions,
): SignInRoutesDeps => {
  const { PORTAL_ORIGIN: portal } = options.settings;
  return {
    known,
    sessions,
    audit: signInAudit(audit, now),
    now,
    oidc: oidcDeps({ sessions, now }, options),
    portalHost: portal === undefined ? undefined : new URL(portal).host,
  };
};

const oidcDeps = (
  { sessions, now }: Pick<SignInRoutesDeps, "sessions" | "now">,
  { settings, log }: PagesOptions,
): SignInRoutesDeps["oidc"] => {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: secret } = settings;
  const { PUBLIC_ORIGIN: publicOrigin } = settings;
  // One is not set without the others: `signInRule`.
  if (issuer === undefined || clientId === undefined) return undefined;
  if (secret === undefined || publicOrigin === undefined) return undefined;
  const provider = identityProvider(
    {
      issuer,
      clientId,
      clientSecret: secret,
      scopes: settings.OIDC_SCOPES,
      groupsClaim: settings.OIDC_GROUPS_CLAIM,
      redirectUri: `${publicOrigin}/console/callback`,
    },
    log,
  );
  const { OIDC_ROLES: rules, OIDC_SESSION_MAX_AGE: sessionMs } = settings;
  const sealer = requestSealer(secret);
  return { provider, sealer, rules, sessions, sessionMs, now, publicOrigin };
};
