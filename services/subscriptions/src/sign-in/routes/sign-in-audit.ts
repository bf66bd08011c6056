import { randomUUIDv7 } from "node:crypto";
import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import type { AuditActor, AuditEntry } from "@ringback/contracts/audit/audit-entry";
import type { FastifyRequest } from "fastify";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { Credential } from "../../http/auth/credential.ts";
import { FAILURE_PAGES } from "../decide/sign-in-failure.ts";
import type { Identity } from "../identity-provider.ts";
import type { Finished } from "../sign-in.ts";

type Request = Pick<FastifyRequest, "id" | "ip">;

/** Records who signed in and out, and who was refused. */
export type SignInAudit = {
  /** In each workspace where they may do something; who was refused, for operators. */
  readonly signIn: (request: Request, finished: Finished) => Promise<void>;
  readonly signOut: (request: Request, credential: Credential) => Promise<void>;
};

export const signInAudit = (audit: AuditLog, now: () => Date): SignInAudit => {
  const entry = (
    { id, ip }: Request,
    what: Pick<AuditEntry, "actor" | "action" | "resource" | "outcome" | "status" | "code">,
    workspaceId: string | undefined,
  ): Promise<void> =>
    audit.record({
      audit_id: `aud_${randomUUIDv7()}`,
      at: now().toISOString(),
      kind: "sign_in",
      ...(workspaceId !== undefined && { workspace_id: workspaceId }),
      ...what,
      request_id: id,
      address: ip,
    });
  return {
    signIn: async (request, finished) => {
      const actor = actorOf(finished.identity);
      if (finished.kind === "failed") {
        const { failure: code } = finished;
        const { status } = FAILURE_PAGES[code];
        const outcome = status < 500 ? "refused" : "failed";
        const what = { actor, action: "signIn", resource: {}, outcome, status, code } as const;
        return entry(request, what, undefined);
      }
      const resource = { session_id: finished.sessionId };
      const what = { actor, action: "signIn", resource, outcome: "done", status: 303 } as const;
      await Promise.all(
        finished.workspaces.map((workspaceId) => entry(request, what, namedIn(workspaceId))),
      );
    },
    signOut: (request, { kind, id, subject, name, workspaceId }) => {
      const actor = { kind, id: subject ?? id, ...(name !== undefined && { name }) };
      const resource = { session_id: id };
      const what = { actor, action: "signOut", resource, outcome: "done", status: 204 } as const;
      return entry(request, what, namedIn(workspaceId));
    },
  };
};

const namedIn = (workspaceId: string): string | undefined =>
  workspaceId === ALL_WORKSPACES ? undefined : workspaceId;

const actorOf = (identity: Identity | undefined): AuditActor =>
  identity === undefined
    ? { kind: "anonymous", id: "unknown" }
    : {
        kind: "person",
        id: identity.subject,
        ...(identity.name !== undefined && { name: identity.name }),
      };
