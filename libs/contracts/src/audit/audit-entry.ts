import { z } from "zod";
import { jsonIn } from "../json/json-in.ts";
import { idSchema } from "../id.ts";
import { AUDIT_KINDS } from "../streams/audit-subjects.ts";

/** What somebody is who does something: a key, a portal session, a person who signed in, or nobody who is known. */
export const ACTOR_KINDS = ["key", "portal", "person", "anonymous"] as const;

/** What an entry may say that it was about. */
export const AUDITED_IDS = [
  "agent_id",
  "endpoint_id",
  "event_id",
  "call_id",
  "redelivery_id",
  "event_type",
  "key_id",
  "session_id",
] as const;

export type AuditedId = (typeof AUDITED_IDS)[number];

/** What a response may show that is not for everybody. */
export const SHOWN = ["payloads", "secrets"] as const;

/** `done`: it was carried out. `refused`: the caller may not, or it was not valid. `failed`: by a fault of the service. */
export const AUDIT_OUTCOMES = ["done", "refused", "failed"] as const;

const actorSchema = z.object({
  kind: z.enum(ACTOR_KINDS),
  /** The id of the key or session, or the e-mail address or subject of the person. */
  id: z.string(),
  name: z.string().optional(),
});

/**
 * Who did what, as AUDIT stores it: never a secret, a payload or a text that a caller wrote freely. Later versions may
 * add fields.
 */
export const auditEntrySchema = z.looseObject({
  audit_id: z.string(),
  /** When the request came, RFC 3339. */
  at: z.iso.datetime(),
  kind: z.enum(AUDIT_KINDS),
  /** Missing: it is about the installation, and for operators alone. */
  workspace_id: idSchema.optional(),
  actor: actorSchema,
  /** The actor is an operator, and acts in a workspace that it named. */
  operator: z.literal(true).optional(),
  /** The operation's id in the API's document, or `signIn` and `signOut`. */
  action: z.string(),
  resource: z.partialRecord(z.enum(AUDITED_IDS), z.string()),
  shown: z.array(z.enum(SHOWN)).optional(),
  request_id: z.string(),
  /** The caller's, as trusted proxies forward it. */
  address: z.string(),
  outcome: z.enum(AUDIT_OUTCOMES),
  status: z.int(),
  /** The problem's code. */
  code: z.string().optional(),
  /** The entry stands for so many alike, the first at `at` and the last at `until`. */
  count: z.int().positive().optional(),
  until: z.iso.datetime().optional(),
});

export type AuditEntry = z.infer<typeof auditEntrySchema>;

export type AuditActor = AuditEntry["actor"];

/** The entry in a message of AUDIT; undefined where another version wrote it in another form. */
export const auditEntryIn = (data: Uint8Array): AuditEntry | undefined =>
  auditEntrySchema.safeParse(jsonIn(data)).data;
