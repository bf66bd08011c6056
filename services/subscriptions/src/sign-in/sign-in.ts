import { ACCESS_LIMITS } from "@ringback/contracts/access/access-record";
import type { SessionStore } from "../access/session-store.ts";
import { isUnavailable } from "../streams/ask.ts";
import type { SignInFailure } from "./decide/sign-in-failure.ts";
import type { Identity, IdentityProvider } from "./identity-provider.ts";
import { rolesOf, type Role, type RoleRule } from "./roles.ts";
import type { RequestSealer } from "./sealed-request.ts";

export type SignInDeps = {
  readonly provider: IdentityProvider;
  readonly sealer: RequestSealer;
  readonly rules: readonly RoleRule[];
  readonly sessions: Pick<SessionStore, "create">;
  readonly sessionMs: number;
  readonly now: () => Date;
};

export type Begun =
  | { readonly kind: "begun"; readonly url: URL; readonly cookie: string }
  | { readonly kind: "failed"; readonly failure: SignInFailure };

/** Sends a person to the provider; the cookie is for their browser alone. */
export const beginSignIn = async ({ provider, sealer, now }: SignInDeps): Promise<Begun> => {
  const begun = await provider.begin(now().getTime());
  if (begun.kind === "failed") return begun;
  return { kind: "begun", url: begun.url, cookie: sealer.seal(begun.request) };
};

/** What has come of a sign-in, with who it was as far as that is known. */
export type Finished =
  | {
      readonly kind: "signed_in";
      readonly token: string;
      readonly sessionId: string;
      readonly identity: Identity;
      /** Where they may do something; `*`: everywhere. */
      readonly workspaces: readonly string[];
    }
  | {
      readonly kind: "failed";
      readonly failure: SignInFailure;
      readonly identity?: Identity | undefined;
    };

/** Signs in who comes back from the provider with this query and this cookie. Never throws what a caller could cause. */
export const finishSignIn = async (
  query: string,
  cookie: string | undefined,
  deps: SignInDeps,
): Promise<Finished> => {
  const { provider, sealer, rules, now } = deps;
  const request = sealer.open(cookie ?? "", now().getTime());
  if (request === undefined) return { kind: "failed", failure: "not_begun" };
  const finished = await provider.finish(query, request);
  if (finished.kind === "failed") return finished;
  const { identity } = finished;
  const roles = rolesOf(identity.groups, rules).slice(0, ACCESS_LIMITS.roles);
  const [first, ...others] = roles;
  if (first === undefined) return { kind: "failed", failure: "no_role", identity };
  return sessionOf(identity, first, others, deps);
};

const sessionOf = async (
  identity: Identity,
  first: Role,
  others: readonly Role[],
  { sessions, sessionMs }: SignInDeps,
): Promise<Finished> => {
  const { subject, name } = identity;
  try {
    const created = await sessions.create({
      kind: "person",
      workspace_id: first.workspaceId,
      permissions: [...first.scopes],
      ...(others.length > 0 && {
        roles: others.map(({ workspaceId, scopes }) => ({
          workspace_id: workspaceId,
          permissions: [...scopes],
        })),
      }),
      subject,
      ...(name !== undefined && { name }),
      created_by: { actor: `person:${subject}` },
      expires_in_ms: sessionMs,
    });
    if (created.kind === "too_many_sessions") {
      return { kind: "failed", failure: created.kind, identity };
    }
    const { session, token } = created;
    const workspaces = [first, ...others].map(({ workspaceId }) => workspaceId);
    return { kind: "signed_in", token, sessionId: session.session_id, identity, workspaces };
  } catch (error) {
    if (isUnavailable(error)) return { kind: "failed", failure: "unavailable", identity };
    throw error;
  }
};
