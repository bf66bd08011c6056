import { Buffer } from "node:buffer";
import { createSecretKey } from "node:crypto";
import { SEALING_KEY_ID } from "@ringback/contracts/secrets/sealed-text";
import { z } from "zod";
import type { SealingKey } from "./sealing.ts";

const KEY_BYTES = 32;

const entrySchema = z.strictObject({
  id: z.string().regex(SEALING_KEY_ID, "must be 1 to 32 characters of A-Z a-z 0-9 _ -"),
  key: z.string().transform((text, context) => {
    const bytes = Buffer.from(text, "base64");
    // The decoder skips what is not base64: only the exact spelling counts.
    if (bytes.toString("base64") !== text) {
      context.addIssue("must be base64 (RFC 4648, with padding)");
      return z.NEVER;
    }
    if (bytes.length !== KEY_BYTES) {
      context.addIssue(`must be base64 of exactly ${KEY_BYTES} bytes: it is ${bytes.length} bytes`);
      return z.NEVER;
    }
    return createSecretKey(bytes);
  }),
});

export type ReadSealingKeys =
  | { readonly kind: "keys"; readonly keys: readonly SealingKey[] }
  /** Says which entry is wrong and how, and repeats nothing that could be a key. */
  | { readonly kind: "invalid"; readonly message: string };

/** The keys in the text of a keys file, in its order, or everything that is wrong with it. */
export const readSealingKeys = (text: string): ReadSealingKeys => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Not the parser's message: it quotes the file.
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0];
    return invalid(`is not valid JSON${place === undefined ? "" : ` ${place}`}`);
  }
  if (!Array.isArray(value)) return invalid("is not a JSON array of {id, key}");
  if (value.length === 0) return invalid("has no key: at least one is needed");
  const parsed = z.array(entrySchema).safeParse(value);
  if (!parsed.success) return invalid(parsed.error.issues.map(issueText(value)).join("; "));
  const keys = parsed.data;
  const problems = keys.flatMap(({ id, key }, n) => {
    const before = keys.slice(0, n);
    if (before.some((other) => other.id === id)) return `${nameOf(value, n)}: id: is there twice`;
    const same = before.findIndex((other) => other.key.equals(key));
    return same === -1 ? [] : `${nameOf(value, n)}: key: is the same as that of entry ${same}`;
  });
  return problems.length === 0 ? { kind: "keys", keys } : invalid(problems.join("; "));
};

const invalid = (message: string): ReadSealingKeys => ({ kind: "invalid", message });

const issueText =
  (entries: readonly unknown[]) =>
  (issue: z.core.$ZodIssue): string => {
    const [index, ...rest] = issue.path.map(String);
    const place = [nameOf(entries, Number(index)), rest.join(".")].filter((part) => part !== "");
    // A field that is not known may be named by anything, a key too.
    const message =
      issue.code === "unrecognized_keys" ? "has fields other than id and key" : issue.message;
    return `${place.join(": ")}: ${message}`;
  };

const nameOf = (entries: readonly unknown[], index: number): string => {
  const id = entrySchema.shape.id.safeParse((entries[index] as { id?: unknown } | null)?.id);
  return id.success ? `entry ${index} ('${id.data}')` : `entry ${index}`;
};
