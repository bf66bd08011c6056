import {
  ACTOR_KINDS,
  AUDIT_OUTCOMES,
  AUDITED_IDS,
  SHOWN,
  type AuditEntry,
} from "@ringback/contracts/audit/audit-entry";
import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { AUDIT_KINDS } from "@ringback/contracts/streams/audit-subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { momentSchema, severalOf } from "../../http/field-schemas.ts";
import { pagination, seqCursor } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import { auditPage } from "../audit-reader.ts";
import { AUDIT_EXAMPLES } from "./audit-examples.ts";

const auditQuerySchema = (now: () => Date) =>
  z.strictObject({
    ...pagination(seqCursor),
    actor: z.string().min(1).max(320).optional().meta({
      description:
        "Only what this key, portal session or person did: an id, or one with its kind such as `person:ann@example.com`",
    }),
    action: severalOf(z.string().regex(/^[A-Za-z]{1,64}$/, "must be a name such as changeAgent"))
      .optional()
      .meta({ description: "Only these, by the operation's id in this document" }),
    kind: severalOf(z.enum(AUDIT_KINDS)).optional().meta({ description: "Only these kinds" }),
    since: momentSchema(now).optional().meta({ description: "At this time or later" }),
    until: momentSchema(now).optional().meta({ description: "Before this time" }),
  });

const entrySchema = z
  .object({
    audit_id: z.string(),
    at: z.string().meta({ description: "When it was done", format: "date-time" }),
    kind: z.enum(AUDIT_KINDS).meta({
      description:
        "`change`; `read` of payloads or secrets; `refused`: a change or such a read that was not carried out; `sign_in`",
    }),
    actor: z
      .object({ kind: z.enum(ACTOR_KINDS), id: z.string(), name: z.string().optional() })
      .meta({ description: "A key, a portal session, a person who signed in, or nobody known" }),
    operator: z.literal(true).optional().meta({ description: "An operator did it" }),
    action: z.string().meta({ description: "The operation's id in this document" }),
    resource: z
      .partialRecord(z.enum(AUDITED_IDS), z.string())
      .meta({ description: "What it was about, by ids" }),
    shown: z.array(z.enum(SHOWN)).optional().meta({ description: "What the response showed" }),
    request_id: z.string().meta({ description: "`X-Request-Id` of its response" }),
    address: z.string().meta({ description: "The caller's" }),
    outcome: z.enum(AUDIT_OUTCOMES),
    status: z.int().meta({ description: "Of the response" }),
    code: z.string().optional().meta({ description: "Of the problem" }),
    count: z.int().optional().meta({
      description: "The entry stands for so many alike, from `at` to `until`, within a minute",
    }),
    until: z.string().optional().meta({ format: "date-time" }),
  })
  .meta({ id: "AuditEntry", description: "Who did what." });

const auditResponseSchema = z
  .object({ entries: z.array(entrySchema), next_cursor: z.string().nullable() })
  .meta({ "x-examples": AUDIT_EXAMPLES });

export type AuditRouteDeps = { readonly nats: Nats; readonly now: () => Date };

/** `GET /audit`: who did what in the workspace. */
export const listAuditRoute = (api: Api, { nats, now }: AuditRouteDeps): void => {
  api.get(
    "/audit",
    {
      config: { permission: "admin", workspace: "or_all", isOfAllAgents: true },
      schema: {
        operationId: "listAudit",
        summary: "List who did what",
        description:
          "Every change, every read of payloads and secrets, and what was refused, newest first. For an operator who names `*`: what is about no workspace, such as operators' keys and refused sign-ins. A page may hold fewer entries than `limit` though there are more: go on with `next_cursor`.",
        tags: ["Audit"],
        querystring: auditQuerySchema(now),
        response: { 200: auditResponseSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { workspaceId } = callerOf(request);
      const { actor, action, kind, since, until, limit, cursor } = request.query;
      const { entries, nextBeforeSeq } = await auditPage(nats, {
        workspaceId: workspaceId === ALL_WORKSPACES ? undefined : workspaceId,
        kinds: kind,
        actor,
        actions: action,
        sinceMs: since,
        untilMs: until,
        limit,
        beforeSeq: cursor,
      });
      return {
        entries: entries.map(entryResponse),
        next_cursor: nextBeforeSeq === undefined ? null : seqCursor.encode(nextBeforeSeq),
      };
    },
  );
};

/** Fields that are not named in the schema stay inside. */
const entryResponse = (entry: AuditEntry): z.infer<typeof entrySchema> => entrySchema.parse(entry);
