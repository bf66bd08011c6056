import { randomUUIDv7 } from "node:crypto";
import type { AuditActor, AuditEntry } from "@ringback/contracts/audit/audit-entry";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Api } from "../../http/api.ts";
import { auditedAs, type Audited } from "./audited.ts";
import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import type { Caller } from "../../http/auth/credential.ts";
import type { AuditLog } from "../audit-log.ts";
import { auditedIds, idsInPath } from "../decide/audited-ids.ts";
import { showsSecrets } from "../decide/shown-secrets.ts";

export type AuditDeps = { readonly audit: AuditLog; readonly now: () => Date };

/** What a response says before it becomes text. */
type Response = {
  readonly ids: AuditEntry["resource"];
  readonly code: string | undefined;
  readonly showsSecrets: boolean;
};

/** Records who did what, for all calls that are added after it: what each call is, its route says. */
export const auditRequests = (api: Api, { audit, now }: AuditDeps): void => {
  const responses = new WeakMap<FastifyRequest, Response>();
  api.addHook("preSerialization", async (request, reply, body: unknown) => {
    if (auditedAs(request) !== "nothing") responses.set(request, responseOf(body, reply));
    return body;
  });
  api.addHook("onSend", async (request, reply, body) => {
    const entry = entryOf(request, reply, responses.get(request), now());
    if (entry !== undefined) await audit.record(entry);
    return body;
  });
};

const responseOf = (body: unknown, { statusCode }: FastifyReply): Response => {
  const { code } = (body ?? {}) as { readonly code?: unknown };
  return {
    ids: auditedIds(body),
    code: statusCode >= 400 && typeof code === "string" ? code : undefined,
    showsSecrets: statusCode < 400 && showsSecrets(body),
  };
};

/** The entry of a request; undefined for what the audit does not keep. */
const entryOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  response: Response | undefined,
  now: Date,
): AuditEntry | undefined => {
  const { caller } = request;
  const { statusCode: status } = reply;
  const audited = auditedAs(request);
  if (caller === null || audited === "nothing" || request.method === "HEAD") return undefined;
  if (reply.hasHeader("idempotency-replayed")) return undefined; // it was carried out before
  const outcome = status < 400 ? "done" : status < 500 ? "refused" : "failed";
  const shown = status < 300 ? shownOf(audited, caller, response) : [];
  const isRead = audited !== "change";
  if (isRead && outcome === "done" && shown.length === 0) return undefined;
  const { schema, url = "" } = request.routeOptions;
  const path = idsInPath(request.params, url);
  return {
    audit_id: `aud_${randomUUIDv7()}`,
    at: now.toISOString(),
    kind: outcome !== "done" ? "refused" : isRead ? "read" : "change",
    ...whoseOf(caller),
    actor: actorOf(caller),
    action: operationOf(schema),
    resource: auditedIds(path, request.body, response?.ids),
    ...(shown.length > 0 && { shown }),
    request_id: request.id,
    address: request.ip,
    outcome,
    status,
    ...(response?.code !== undefined && { code: response.code }),
  };
};

const shownOf = (
  audited: Audited,
  { permissions }: Pick<Caller, "permissions">,
  response: Response | undefined,
): NonNullable<AuditEntry["shown"]> => {
  if (response?.showsSecrets === true) return ["secrets"];
  return audited === "payloads" && permissions.has("payloads") ? ["payloads"] : [];
};

/** Whose entry it is. An operator acts in the workspace that it names, or in none. */
const whoseOf = ({ workspaceId, credential }: Caller) => ({
  ...(workspaceId !== ALL_WORKSPACES && { workspace_id: workspaceId }),
  ...(credential.workspaceId === ALL_WORKSPACES && { operator: true as const }),
});

const actorOf = ({ keyId, credential: { kind, subject, name } }: Caller): AuditActor => ({
  kind,
  id: subject ?? keyId,
  ...(name !== undefined && { name }),
});

const operationOf = (schema: unknown): string => {
  const { operationId } = (schema ?? {}) as { readonly operationId?: string };
  return operationId ?? "unknown";
};
