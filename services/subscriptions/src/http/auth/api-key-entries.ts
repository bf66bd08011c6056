import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";

/** What a key may do; each one includes those before it. */
export const SCOPES = ["read", "write", "admin"] as const;

export type Scope = (typeof SCOPES)[number];

const entrySchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 characters of A-Z a-z 0-9 _ -"),
  workspace_id: idSchema,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, "must be the 64 hex digits of the whole key's SHA-256"),
  scopes: z.array(z.enum(SCOPES)).min(1, "must name at least one of read, write, admin"),
  expires_at: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], {
      error: "must be a date such as 2030-01-31T00:00:00Z",
    })
    .optional(),
});

/** One key as the keys file lists it: never the key itself. */
export type ApiKeyEntry = z.infer<typeof entrySchema>;

export type ReadEntries =
  | { readonly kind: "entries"; readonly entries: readonly ApiKeyEntry[] }
  /** Says which entry is wrong and how, and repeats nothing that could be a secret. */
  | { readonly kind: "invalid"; readonly message: string };

/** The entries in the text of a keys file, or everything that is wrong with it. */
export const readApiKeyEntries = (text: string): ReadEntries => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Not the parser's message: it quotes the file.
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0];
    return invalid(`is not valid JSON${place === undefined ? "" : ` ${place}`}`);
  }
  if (!Array.isArray(value)) return invalid("is not a JSON array of keys");
  const parsed = z.array(entrySchema).safeParse(value);
  if (!parsed.success) return invalid(parsed.error.issues.map(issueText(value)).join("; "));
  const entries = parsed.data;
  const twice = entries.findIndex(({ id }, n) => entries.some((e, m) => m < n && e.id === id));
  if (twice !== -1) return invalid(`${nameOf(value, twice)}: id: is there twice`);
  return { kind: "entries", entries };
};

const invalid = (message: string): ReadEntries => ({ kind: "invalid", message });

const issueText =
  (entries: readonly unknown[]) =>
  ({ path, message }: z.core.$ZodIssue): string => {
    const [index, ...rest] = path.map(String);
    const place = [nameOf(entries, Number(index)), rest.join(".")].filter((part) => part !== "");
    return `${place.join(": ")}: ${message}`;
  };

const nameOf = (entries: readonly unknown[], index: number): string => {
  const id = entrySchema.shape.id.safeParse((entries[index] as { id?: unknown } | null)?.id);
  // A whole key that was put here by mistake is not to be shown.
  const isShown = id.success && !id.data.startsWith("rb_");
  return isShown ? `entry ${index} ('${id.data}')` : `entry ${index}`;
};
