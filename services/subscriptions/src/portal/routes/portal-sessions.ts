import { ACCESS_LIMITS, type StoredSession } from "@ringback/contracts/access/access-record";
import { z } from "zod";
import { excessOf } from "../../access/grant.ts";
import { isWithin } from "../../sight/decide/sight.ts";
import type { AccessIndex } from "../../access/access-index.ts";
import type { SessionStore } from "../../access/session-store.ts";
import { BASE_PATH, type Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Caller } from "../../http/auth/credential.ts";
import { quoted } from "../../http/decide/shown.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { CREATE_EXAMPLES, CREATED_EXAMPLES, SESSIONS_EXAMPLES } from "./portal-examples.ts";
import {
  createdSessionSchema,
  createSessionSchema,
  listSessionsSchema,
  sessionCursor,
  sessionPathSchema,
  sessionsResponseSchema,
  type portalSessionSchema,
} from "./portal-schemas.ts";

export type PortalDeps = {
  readonly sessions: SessionStore;
  readonly index: Pick<AccessIndex, "upToDate">;
  /** Where the portal is, and who may frame it; undefined: there is none. */
  readonly portal:
    { readonly origin: string; readonly frameAncestors: readonly string[] } | undefined;
};

/** The calls about sessions of the portal. */
export const portalSessionsRoutes = (api: Api, deps: PortalDeps): void => {
  createRoute(api, deps);
  listRoute(api, deps);
  revokeRoute(api, deps);
};

/** `POST /portal-sessions`: an address that opens the portal, for as long as it is said. */
const createRoute = (api: Api, { sessions, portal }: PortalDeps): void => {
  const bodySchema = createSessionSchema(portal?.frameAncestors ?? []);
  api.post(
    "/portal-sessions",
    {
      config: {
        permission: "write",
        documented: { problems: ["no_portal", "too_many_sessions"], gives: ["Location"] },
      },
      schema: {
        operationId: "createPortalSession",
        summary: "Open the portal to a customer",
        description:
          "The address of the portal with a token, which the response shows this once. Nobody gives more than they may, and the session ends with the key that made it.",
        tags: ["Portal"],
        querystring: noQuerySchema,
        body: bodySchema.meta({ "x-examples": CREATE_EXAMPLES }),
        response: {
          201: createdSessionSchema.meta({ "x-examples": CREATED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      if (portal === undefined) return sendProblem(reply, NO_PORTAL);
      const caller = callerOf(request);
      const { capabilities, agents, expires_in, theme, origin } = request.body;
      const grant = { workspaceId: caller.workspaceId, permissions: capabilities, agents };
      const excess = excessOf(grant, caller);
      if (excess !== undefined) {
        return sendProblem(reply, { code: "insufficient_scope", detail: excess });
      }
      const created = await sessions.create({
        kind: "portal",
        workspace_id: caller.workspaceId,
        permissions: capabilities,
        ...(agents !== undefined && { agents }),
        ...(theme !== undefined && { theme: definedOf(theme) }),
        ...(origin !== undefined && { origin }),
        created_by: makerOf(caller),
        expires_in_ms: expires_in * 1_000,
      });
      if (created.kind === "too_many_sessions") return sendProblem(reply, TOO_MANY);
      const { session, token } = created;
      reply.header("location", `${BASE_PATH}/portal-sessions/${session.session_id}`);
      const url = `${portal.origin}/#session=${token}`;
      return reply.code(201).send({ ...sessionResponse(session), url });
    },
  );
};

/** `GET /portal-sessions`: those that have not ended. */
const listRoute = (api: Api, { sessions, index }: PortalDeps): void => {
  api.get(
    "/portal-sessions",
    {
      config: { permission: "write" },
      schema: {
        operationId: "listPortalSessions",
        summary: "List portal sessions",
        description: "The workspace's sessions that have not ended, newest first.",
        tags: ["Portal"],
        querystring: listSessionsSchema,
        response: {
          200: sessionsResponseSchema.meta({ "x-examples": SESSIONS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      await index.upToDate();
      const { limit, cursor } = request.query;
      const visible = visibleSessions(callerOf(request), sessions);
      const behind =
        cursor === undefined ? visible : visible.filter((session) => isBehind(session, cursor));
      const page = behind.slice(0, limit);
      const last = page.at(-1);
      const hasMore = behind.length > page.length;
      return {
        portal_sessions: page.map(sessionResponse),
        next_cursor: hasMore && last !== undefined ? sessionCursor.encode(last) : null,
      };
    },
  );
};

/** `DELETE /portal-sessions/{session_id}`: it counts no more, in no instance. */
const revokeRoute = (api: Api, { sessions, index }: PortalDeps): void => {
  api.delete(
    "/portal-sessions/:session_id",
    {
      config: { permission: "write", documented: { problems: ["portal_session_not_found"] } },
      schema: {
        operationId: "revokePortalSession",
        summary: "End a portal session",
        description: "It counts no more in any instance, within a second.",
        tags: ["Portal"],
        params: sessionPathSchema,
        querystring: noQuerySchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      await index.upToDate();
      const { session_id: id } = request.params;
      const caller = callerOf(request);
      const isThere = visibleSessions(caller, sessions).some(({ session_id }) => session_id === id);
      if (!isThere || !(await sessions.revoke(caller.workspaceId, id, caller.actor))) {
        const detail = `There is no portal session ${quoted(id)} in this workspace.`;
        return sendProblem(reply, { code: "portal_session_not_found", detail });
      }
      return reply.code(204).send();
    },
  );
};

const NO_PORTAL: Problem = {
  code: "no_portal",
  detail: "There is no portal here: whoever runs the service sets PORTAL_ORIGIN.",
};

const TOO_MANY: Problem = {
  code: "too_many_sessions",
  detail: `The workspace has ${ACCESS_LIMITS.sessions} sessions that have not ended: delete some, or give them less time.`,
};

/** Portal sessions of the caller's workspace, of no other agents than the caller's; newest first. */
const visibleSessions = (
  { workspaceId, credential }: Caller,
  sessions: SessionStore,
): readonly StoredSession[] =>
  sessions
    .list(workspaceId)
    .filter(({ kind, agents }) => kind === "portal" && isWithin(credential.agents, agents));

type Position = Pick<StoredSession, "created_at" | "session_id">;

const isBehind = (session: Position, cursor: Position): boolean =>
  session.created_at === cursor.created_at
    ? session.session_id < cursor.session_id
    : session.created_at < cursor.created_at;

/** Who made it. What a key made ends with the key. */
const makerOf = ({ actor, credential: { kind, id } }: Caller): StoredSession["created_by"] => ({
  actor,
  ...(kind === "key" && { key_id: id }),
});

const definedOf = (theme: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(theme).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

const sessionResponse = (session: StoredSession): z.infer<typeof portalSessionSchema> => ({
  session_id: session.session_id,
  capabilities: session.permissions,
  agents: session.agents ?? null,
  theme: session.theme ?? null,
  origin: session.origin ?? null,
  created_by: session.created_by.actor,
  created_at: session.created_at,
  expires_at: session.expires_at,
});
