import { Buffer } from "node:buffer";
import { createSecretKey } from "node:crypto";
import { SEALING_KEY_ID } from "@ringback/contracts/secrets/sealed-text";
import { z } from "zod";
import { readKeyEntries, type ReadEntries } from "./key-entries.ts";
import type { SealingKey } from "./sealing.ts";

const KEY_BYTES = 32;

const entrySchema = z.strictObject({
  id: z.string().regex(SEALING_KEY_ID, "must be 1 to 32 characters of A-Z a-z 0-9 _ -"),
  key: z.string().transform((text, context) => {
    const bytes = Buffer.from(text, "base64");
    // Only the exact spelling counts: the decoder skips characters that are not base64.
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

export type ReadSealingKeys = ReadEntries<SealingKey>;

/** The keys of a keys file, in its order, or all problems of it. */
export const readSealingKeys = (text: string): ReadSealingKeys => {
  const read = readKeyEntries(text, entrySchema, { expected: "{id, key}", hidesFields: true });
  if (read.kind === "invalid") return read;
  const { entries } = read;
  if (entries.length === 0) return invalid("has no key: at least one is needed");
  const problems = entries.flatMap(({ id, key }, n) => {
    const same = entries.slice(0, n).findIndex((other) => other.key.equals(key));
    return same === -1 ? [] : `entry ${n} ('${id}'): key: is the same as that of entry ${same}`;
  });
  return problems.length === 0 ? read : invalid(problems.join("; "));
};

const invalid = (message: string): ReadSealingKeys => ({ kind: "invalid", message });
