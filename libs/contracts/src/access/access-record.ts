import { Buffer } from "node:buffer";
import { z } from "zod";
import { idSchema } from "../id.ts";
import { ALL_WORKSPACES } from "./access-subject.ts";

/** How much of everything one workspace may have. */
export const ACCESS_LIMITS = {
  keys: 200,
  /** That have not ended. */
  sessions: 2_000,
  agents: 200,
  nameCharacters: 120,
  /** Workspaces that one person may work in. */
  roles: 100,
  /** Secrets that a key may have at once: the newest, and those before it until their overlap ends. */
  secrets: 5,
} as const;

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
const workspaceSchema = z.union([z.literal(ALL_WORKSPACES), idSchema]);
/** Strings: a later version may know further ones, which an earlier one must leave out, and not trip over. */
const namesSchema = z.array(z.string());
const timeSchema = z.iso.datetime();

/** A key as ACCESS stores it: digests, never the key. */
const storedKeySchema = z.object({
  kind: z.literal("key"),
  key_id: idSchema,
  workspace_id: workspaceSchema,
  name: z.string(),
  scopes: namesSchema,
  agents: z.array(idSchema).optional(),
  /** The newest comes first; those before it are valid until their time. */
  secrets: z.array(z.object({ sha256: digestSchema, until: timeSchema.optional() })).min(1),
  /** Random, the same over all rotations, and secret: what else is derived from a key is derived from this. */
  seed: digestSchema,
  /** As configuration events name who changed something. */
  created_by: z.string(),
  created_at: timeSchema,
  rotated_at: timeSchema.optional(),
  expires_at: timeSchema.optional(),
});

export type StoredKey = z.infer<typeof storedKeySchema>;

const SESSION_KINDS = ["portal", "person"] as const;

/** A session of a portal or of a person as ACCESS stores it: the digest of its token, never the token. */
const storedSessionSchema = z.object({
  kind: z.enum(SESSION_KINDS),
  session_id: idSchema,
  /** Where it is used unless it names another workspace; `*`: an operator's. */
  workspace_id: workspaceSchema,
  sha256: digestSchema,
  /** Scopes or capabilities, in that workspace. */
  permissions: namesSchema,
  agents: z.array(idSchema).optional(),
  /** Further workspaces in which a person has roles. */
  roles: z
    .array(z.object({ workspace_id: workspaceSchema, permissions: namesSchema }))
    .max(ACCESS_LIMITS.roles)
    .optional(),
  /** Who signed in: an e-mail address, or the id that the provider gives. */
  subject: z.string().optional(),
  name: z.string().optional(),
  /** Colours of the portal. */
  theme: z.record(z.string(), z.string()).optional(),
  /** The one origin that the portal sends messages to. */
  origin: z.string().optional(),
  created_by: z.object({
    /** As configuration events name who changed something. */
    actor: z.string(),
    /** The key that made it, and that it ends with. Missing: a person did. */
    key_id: z.string().optional(),
  }),
  created_at: timeSchema,
  expires_at: timeSchema,
});

export type StoredSession = z.infer<typeof storedSessionSchema>;

/** What is left of a key or a session that was deleted, until every instance has seen it. */
const deletedAccessSchema = z.object({
  kind: z.literal("deleted"),
  at: timeSchema,
  by: z.string(),
});

/** The last message on `access.<workspace>.key.<key_id>` or `access.<workspace>.session.<session_id>`. */
const accessRecordSchema = z.discriminatedUnion("kind", [
  storedKeySchema,
  storedSessionSchema,
  deletedAccessSchema,
]);

export type AccessRecord = z.infer<typeof accessRecordSchema>;

export type ReadAccess =
  | { readonly kind: "record"; readonly record: AccessRecord }
  | { readonly kind: "invalid"; readonly message: string };

/** The record in a message of ACCESS. */
export const readAccessRecord = (data: Uint8Array): ReadAccess => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return { kind: "invalid", message: "is not JSON" };
  }
  const parsed = accessRecordSchema.safeParse(value);
  if (parsed.success) return { kind: "record", record: parsed.data };
  // Paths alone: a value may be what nobody is to read in a log.
  const paths = parsed.error.issues.map(({ path }) => path.join(".") || "kind");
  return { kind: "invalid", message: `is no key and no session: ${paths.join(", ")}` };
};
