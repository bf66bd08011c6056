import { z } from "zod";
import { idSchema } from "../id.ts";
import { jsonIn } from "../json/json-in.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const sequence = z.int().nonnegative();

/**
 * On a configuration event: its request with an `Idempotency-Key`. Stored with the change itself, so that a crash
 * between two writes cannot repeat the change.
 */
export const idempotencyMarkSchema = z.object({
  key_hash: hash,
  request_hash: hash,
  /** The agent's last message before the request; 0: none. */
  before_seq: sequence,
});

export type IdempotencyMark = z.infer<typeof idempotencyMarkSchema>;

const request = {
  request_hash: hash,
  /** Chosen by the service if the request has none. */
  agent_id: idSchema,
  /** The agent's last message when the request was first claimed: the marker can only follow it. */
  after_seq: sequence,
};

/** The state of a request that changes an agent. */
const commandRecordSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("claimed"), ...request, at: z.iso.datetime() }),
  /** Abandoned undecided: nobody knows whether it was carried out. */
  z.object({ kind: z.literal("released"), ...request }),
  /** The agent's states at these two messages give the response, so the record keeps no body. */
  z.object({ kind: z.literal("decided"), ...request, before_seq: sequence, seq: sequence }),
]);

export type CommandRecord = z.infer<typeof commandRecordSchema>;

/** A request whose decision is stored before its effects: carrying it out again is harmless. */
const decideOnceRecordSchema = z.object({
  kind: z.literal("pinned"),
  request_hash: hash,
  at: z.iso.datetime(),
  decided: z.record(z.string(), z.unknown()),
});

/** The last message on `requests.<workspace_id>.<key hash>`. */
export const requestRecordSchema = z.discriminatedUnion("kind", [
  ...commandRecordSchema.options,
  decideOnceRecordSchema,
]);

export type RequestRecord = z.infer<typeof requestRecordSchema>;

/** The idempotency marker on a message of SUBSCRIPTIONS, if any. */
export const markIn = (data: Uint8Array): IdempotencyMark | undefined =>
  z.object({ idempotency: idempotencyMarkSchema }).safeParse(jsonIn(data)).data?.idempotency;
