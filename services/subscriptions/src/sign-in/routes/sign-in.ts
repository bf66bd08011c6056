import type { FastifyReply, FastifyRequest } from "fastify";
import type { SessionStore } from "../../access/session-store.ts";
import type { Api } from "../../http/api.ts";
import { authenticate } from "../../http/auth/authenticate.ts";
import type { Credentials } from "../../http/auth/credential.ts";
import { openLimit } from "../../http/rate-limits.ts";
import { FAILURE_PAGES, type SignInFailure } from "../decide/sign-in-failure.ts";
import { beginSignIn, finishSignIn, type SignInDeps } from "../sign-in.ts";
import { failurePage } from "./sign-in-page.ts";
import { cookieIn, deletedCookie, newCookie } from "./sign-in-cookie.ts";
import type { SignInAudit } from "./sign-in-audit.ts";

export type SignInRoutesDeps = {
  readonly known: Credentials;
  readonly sessions: SessionStore;
  readonly audit: SignInAudit;
  readonly now: () => Date;
  /** Undefined: people need a key. */
  readonly oidc: (SignInDeps & { readonly publicOrigin: string }) | undefined;
  /** Where the portal is: on that host nobody signs in. */
  readonly portalHost: string | undefined;
};

/** People who may be between the provider and us at once, in a process. */
const MAX_AT_ONCE = 50;

const hidden = { hide: true } as const;

/** Sign-in of people to the console: to the provider, back with a session, and out again. */
export const signInRoutes = (app: Api, deps: SignInRoutesDeps): void => {
  void app.register(async (open: Api) => {
    open.addHook("onRequest", await openLimit(open));
    open.addHook("onRequest", async (request, reply) => {
      const isPortal = deps.portalHost !== undefined && request.headers.host === deps.portalHost;
      return isPortal ? reply.callNotFound() : undefined;
    });
    open.get("/console/sign-in-options", { schema: hidden }, async () => ({
      oidc: deps.oidc !== undefined,
    }));
    signOutRoute(open, deps);
    if (deps.oidc !== undefined) oidcRoutes(open, deps, deps.oidc);
  });
};

const oidcRoutes = (
  open: Api,
  { audit }: Pick<SignInRoutesDeps, "audit">,
  oidc: NonNullable<SignInRoutesDeps["oidc"]>,
): void => {
  const isSecure = oidc.publicOrigin.startsWith("https:");
  let atOnce = 0;
  open.get(
    "/console/sign-in",
    { schema: hidden, exposeHeadRoute: false },
    async (_request, reply) => {
      const begun = await beginSignIn(oidc);
      if (begun.kind === "failed") return sendFailure(reply, begun.failure);
      reply.header("set-cookie", newCookie(begun.cookie, isSecure));
      return reply.redirect(begun.url.href, 303);
    },
  );
  open.get(
    "/console/callback",
    { schema: hidden, exposeHeadRoute: false },
    async (request, reply) => {
      if (atOnce >= MAX_AT_ONCE) return sendFailure(reply, "busy");
      atOnce += 1;
      try {
        const cookie = cookieIn(request.headers.cookie, isSecure);
        const finished = await finishSignIn(queryOf(request), cookie, oidc);
        await audit.signIn(request, finished);
        // Whatever came of it, this sign-in is over.
        reply.header("set-cookie", deletedCookie(isSecure));
        if (finished.kind === "failed") return sendFailure(reply, finished.failure);
        // Behind the #, which browsers send to no server. Nobody else chooses where this leads.
        return reply.redirect(`/console/#session=${finished.token}`, 303);
      } finally {
        atOnce -= 1;
      }
    },
  );
};

/** `POST /console/sign-out`: the session that the request is sent with ends. No cookie proves it, so no other site can. */
const signOutRoute = (open: Api, { known, sessions, audit, now }: SignInRoutesDeps): void => {
  open.post(
    "/console/sign-out",
    { schema: hidden, config: { bodyMayBeEmpty: true } },
    async (request, reply) => {
      const credential = authenticate(request.headers, known, now().getTime());
      if (credential !== undefined && credential.kind !== "key") {
        await sessions.revoke(credential.workspaceId, credential.id, credential.actor);
        await audit.signOut(request, credential);
      }
      return reply.code(204).send();
    },
  );
};

const queryOf = ({ url }: Pick<FastifyRequest, "url">): string => {
  const at = url.indexOf("?");
  return at === -1 ? "" : url.slice(at + 1);
};

const sendFailure = (reply: FastifyReply, failure: SignInFailure) => {
  const { status } = FAILURE_PAGES[failure];
  if (status === 503) reply.header("retry-after", 5);
  return reply.code(status).type("text/html; charset=utf-8").send(failurePage(failure));
};
