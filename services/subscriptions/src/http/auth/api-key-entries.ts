import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { idSchema } from "@ringback/contracts/id";
import { readKeyEntries, type ReadEntries } from "@ringback/runtime/secrets/key-entries";
import { z } from "zod";
import { boundAgentsSchema } from "../../sight/decide/sight.ts";
import { SCOPES } from "./permissions.ts";

const entrySchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 characters of A-Z a-z 0-9 _ -"),
  /** `*`: an operator's. */
  workspace_id: z.union([z.literal(ALL_WORKSPACES), idSchema], {
    error: "must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -, or * for an operator",
  }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, "must be the 64 hex digits of the whole key's SHA-256"),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1, "must name at least one of read, payloads, write, redeliver, publish, admin"),
  agents: boundAgentsSchema.optional(),
  expires_at: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], {
      error: "must be a date such as 2030-01-31T00:00:00Z",
    })
    .optional(),
});

/** One key as the keys file lists it: never the key itself. */
export type ApiKeyEntry = z.infer<typeof entrySchema>;

/** The entries in the text of a keys file, or everything that is wrong with it. */
export const readApiKeyEntries = (text: string): ReadEntries<ApiKeyEntry> =>
  readKeyEntries(text, entrySchema, { expected: "keys" });
