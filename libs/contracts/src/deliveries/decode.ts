import type { z } from "zod";
import { attemptRecordSchema, type AttemptRecord } from "./attempt.ts";
import { deadLetterSchema, type DeadLetter } from "./dead-letter.ts";
import { operationSchema, type Operation } from "./operation.ts";
import { jsonIn } from "../json/json-in.ts";

/**
 * A stored value. Unreadable: `wrong` has the paths of the fields that are not as expected ("" for the whole
 * value), and none when the bytes are not JSON. It never repeats the value, which is a customer's.
 */
export type Decoded<T> =
  | { readonly value: T; readonly wrong?: undefined }
  | { readonly value?: undefined; readonly wrong: readonly string[] };

const decode = <T>(schema: z.ZodType<T>, data: Uint8Array): Decoded<T> => {
  const json = jsonIn(data);
  if (json === undefined) return { wrong: [] };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  return { wrong: parsed.error.issues.map(({ path }) => path.join(".")) };
};

/** A message of ATTEMPTS. The caller decides whether to throw, log or skip an unreadable message. */
export const decodeAttempt = (data: Uint8Array): Decoded<AttemptRecord> =>
  decode(attemptRecordSchema, data);

/** A message of DEAD_LETTERS. */
export const decodeDeadLetter = (data: Uint8Array): Decoded<DeadLetter> =>
  decode(deadLetterSchema, data);

/** A message of OPERATIONS. */
export const decodeOperation = (data: Uint8Array): Decoded<Operation> =>
  decode(operationSchema, data);
