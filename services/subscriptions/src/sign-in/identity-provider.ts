import type { Logger } from "@ringback/runtime/telemetry/logger";
import * as oidc from "openid-client";
import { boundedFetch } from "./bounded-fetch.ts";
import { groupsIn, personIn, type Person } from "./decide/person.ts";
import type { SignInFailure } from "./decide/sign-in-failure.ts";
import { REQUEST_LASTS_MS, type SignInRequest } from "./sealed-request.ts";

export type ProviderSettings = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: string;
  readonly groupsClaim: string;
  /** Where the provider sends people back. */
  readonly redirectUri: string;
};

type Failed = { readonly kind: "failed"; readonly failure: SignInFailure };

/** Who somebody is, and their groups. */
export type Identity = Person & { readonly groups: ReadonlySet<string> };

/** The provider that people sign in with. */
export type IdentityProvider = {
  /** Where to send a browser, and what its response is checked with. */
  readonly begin: (
    nowMs: number,
  ) => Promise<
    { readonly kind: "begun"; readonly url: URL; readonly request: SignInRequest } | Failed
  >;
  /** Who has come back with this query. Never throws. */
  readonly finish: (
    query: string,
    request: SignInRequest,
  ) => Promise<{ readonly kind: "identity"; readonly identity: Identity } | Failed>;
};

/** Of each request to the provider. */
const TIMEOUT_SECONDS = 5;
const CLOCKS_DIFFER_SECONDS = 30;
/** A provider that did not answer is left alone for so long. */
const PAUSE_MS = 1_000;
/** Its addresses may change. */
const KNOWN_FOR_MS = 60 * 60_000;

export const identityProvider = (settings: ProviderSettings, log: Logger): IdentityProvider => {
  const known = knownConfiguration(settings, log);
  return {
    begin: async (nowMs) => {
      const config = await known();
      if (config === undefined) return failed("provider_unavailable");
      const verifier = oidc.randomPKCECodeVerifier();
      const request: SignInRequest = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier,
        untilMs: nowMs + REQUEST_LASTS_MS,
      };
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: settings.redirectUri,
        scope: settings.scopes,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state: request.state,
        nonce: request.nonce,
      });
      return { kind: "begun", url, request };
    },
    finish: async (query, request) => {
      const config = await known();
      if (config === undefined) return failed("provider_unavailable");
      try {
        return await identityOf(query, request, config, settings);
      } catch (error) {
        const failure = failureOf(error);
        log.warn({ failure, err: withoutResponse(error) }, "sign_in.failed");
        return failed(failure);
      }
    },
  };
};

const failed = (failure: SignInFailure): Failed => ({ kind: "failed", failure });

/** The provider's configuration, asked for when it is needed: it may be away when the service starts. */
const knownConfiguration = (settings: ProviderSettings, log: Logger) => {
  let known: { readonly config: oidc.Configuration; readonly sinceMs: number } | undefined;
  let discovering: Promise<void> | undefined;
  let failedAtMs = -Infinity;
  const discover = async (): Promise<void> => {
    try {
      known = { config: await discovered(settings), sinceMs: performance.now() };
    } catch (error) {
      failedAtMs = performance.now();
      log.warn({ issuer: settings.issuer, err: withoutResponse(error) }, "sign_in.no_provider");
    } finally {
      discovering = undefined;
    }
  };
  return async (): Promise<oidc.Configuration | undefined> => {
    const nowMs = performance.now();
    const isNew = known !== undefined && nowMs - known.sinceMs < KNOWN_FOR_MS;
    if (!isNew && nowMs - failedAtMs > PAUSE_MS) discovering ??= discover();
    // What is known for long is used until the provider has said something newer.
    if (known === undefined) await discovering;
    return known?.config;
  };
};

const discovered = ({ issuer, clientId, clientSecret }: ProviderSettings) => {
  const isPlain = issuer.startsWith("http:"); // on loopback, as the settings take no other
  return oidc.discovery(
    new URL(issuer),
    clientId,
    { client_secret: clientSecret, [oidc.clockTolerance]: CLOCKS_DIFFER_SECONDS },
    undefined,
    {
      timeout: TIMEOUT_SECONDS,
      [oidc.customFetch]: boundedFetch,
      // The signature of the ID token is checked, although it comes from the provider itself.
      execute: [oidc.enableNonRepudiationChecks, ...(isPlain ? [oidc.allowInsecureRequests] : [])],
    },
  );
};

const identityOf = async (
  query: string,
  { state, nonce, verifier }: SignInRequest,
  config: oidc.Configuration,
  { redirectUri, groupsClaim }: ProviderSettings,
): Promise<Awaited<ReturnType<IdentityProvider["finish"]>>> => {
  const tokens = await oidc.authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const claims: Readonly<Record<string, unknown>> = tokens.claims() ?? {};
  const sub = String(claims["sub"]);
  const hasAll = groupsIn(claims, groupsClaim) !== undefined && claims["email"] !== undefined;
  // Many providers put nothing but the id into the token.
  const more: object =
    hasAll || config.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await oidc.fetchUserInfo(config, tokens.access_token, sub);
  const all = { ...more, ...claims };
  const person = personIn(all);
  const groups = groupsIn(all, groupsClaim);
  if (person === undefined || groups === undefined) return failed("no_groups");
  return { kind: "identity", identity: { ...person, groups } };
};

/** What an error of the exchange means: the provider's refusal, its absence, or a response that is not valid. */
const failureOf = (error: unknown): SignInFailure => {
  if (error instanceof oidc.AuthorizationResponseError) {
    return AWAY.has(error.error) ? "provider_unavailable" : "denied";
  }
  const { code, name, cause } = error as {
    readonly code?: string;
    readonly name?: string;
    readonly cause?: unknown;
  };
  const hasFault =
    (cause instanceof Response && cause.status >= 500) ||
    (error instanceof oidc.ResponseBodyError && error.status >= 500);
  const isAway = code === "OAUTH_TIMEOUT" || name === "TimeoutError" || hasNoConnection(error);
  return hasFault || isAway ? "provider_unavailable" : "response_not_valid";
};

/** As a provider sends a browser back that it cannot serve now (RFC 6749 section 4.1.2.1). */
const AWAY: ReadonlySet<string> = new Set(["server_error", "temporarily_unavailable"]);

/** As `fetch` throws where no connection comes about, or one breaks. */
const hasNoConnection = (error: unknown): boolean =>
  error instanceof TypeError &&
  (error.message === "fetch failed" || error.message === "terminated");

/** For the log: an error's causes may hold tokens and what the provider says of a person. */
const withoutResponse = (error: unknown): { readonly message: string; readonly code?: string } => {
  const { message = "", code } = error as { readonly message?: string; readonly code?: string };
  return { message: message.slice(0, 200), ...(code !== undefined && { code }) };
};
