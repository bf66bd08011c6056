import { z } from "zod";
import { TRIGGERS, type Trigger } from "./attempt.ts";
import { callIdSchema } from "../events/call-id.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { idSchema } from "../id.ts";
import type { EventAddress } from "../streams/subjects.ts";
import { readTraceContext, traceHeaders, type TraceContext } from "../trace-context.ts";

/**
 * A pending retry: its event, its attempt and when it is due. It is stored as headers of a message without a
 * body; the event itself is read from EVENTS when the retry is due.
 */
export type RetryMessage = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly deliveryId: string;
  /** The number of the attempt that is due. */
  readonly attempt: number;
  /** How many of its attempts, up to this one, do not count in the schedule. Undefined: none. */
  readonly extraAttempts?: number | undefined;
  readonly dueMs: number;
  /** How often this attempt was deferred or postponed (no permit, a platform fault). */
  readonly deferrals: number;
  /**
   * When this attempt first met an unexpected error of the platform, in ms since 1970: it is dead-lettered
   * some time after that, however many processes have tried.
   */
  readonly postponedSinceMs?: number | undefined;
  /** The delivery's first trace, to which later ones are linked. */
  readonly trace?: TraceContext | undefined;
  /** Why this attempt is made. Undefined: by its number, a first attempt or a retry. */
  readonly trigger?: Trigger | undefined;
  /** The redelivery job that started the delivery. */
  readonly redeliveryId?: string | undefined;
  /** It waits for this event of its call, by its sequence: whoever ends that one's delivery brings it forward. */
  readonly waitsFor?: number | undefined;
  /** Why it was deferred last. Undefined: it was not, or by a version that did not say. */
  readonly deferredFor?: DeferredFor | undefined;
  /** Of a first attempt: when its event was stored, in ms since 1970. */
  readonly storedAtMs?: number | undefined;
};

/** Why an attempt is deferred, so that what waits can be counted by who can help. */
export const DEFERRED_FOR = [
  /** Other destinations use the dispatcher's permits: more dispatchers help. */
  "dispatcher_busy",
  "endpoint_busy",
  "origin_busy",
  "rate_limited",
  "paused",
  "order",
  "own_fault",
] as const;

export type DeferredFor = (typeof DEFERRED_FOR)[number];

/** Why an attempt is made, on messages of RETRIES; on EVENTS it marks a test event. */
export const TRIGGER_HEADER = "Ringback-Trigger";

/** The delivery that a message of RETRIES is about. */
export const DELIVERY_ID_HEADER = "Ringback-Delivery-Id";

const HEADERS = {
  eventSeq: "Ringback-Event-Seq",
  attempt: "Ringback-Attempt",
  extraAttempts: "Ringback-Extra-Attempts",
  due: "Ringback-Due",
  deliveryId: DELIVERY_ID_HEADER,
  callId: "Ringback-Call-Id",
  eventType: "Ringback-Event-Type",
  deferrals: "Ringback-Deferrals",
  heldSince: "Ringback-Held-Since",
  trigger: TRIGGER_HEADER,
  redeliveryId: "Ringback-Redelivery-Id",
  waitsFor: "Ringback-Waits-For",
  deferredFor: "Ringback-Deferred-For",
  storedAt: "Ringback-Stored-At",
} as const;

/** The headers that carry a retry, without those that schedule it. */
export const retryHeaders = (retry: RetryMessage): ReadonlyArray<readonly [string, string]> => {
  const { address, extraAttempts, postponedSinceMs, trigger, redeliveryId } = retry;
  const headers: ReadonlyArray<readonly [string, string | undefined]> = [
    [HEADERS.eventSeq, String(retry.eventSeq)],
    [HEADERS.attempt, String(retry.attempt)],
    [HEADERS.extraAttempts, extraAttempts?.toString()],
    [HEADERS.due, timeOf(retry.dueMs)],
    [HEADERS.deliveryId, retry.deliveryId],
    [HEADERS.callId, address.callId],
    [HEADERS.eventType, address.eventType],
    [HEADERS.deferrals, String(retry.deferrals)],
    [HEADERS.heldSince, postponedSinceMs === undefined ? undefined : timeOf(postponedSinceMs)],
    ...traceHeaders(retry.trace),
    [HEADERS.trigger, trigger],
    [HEADERS.redeliveryId, redeliveryId],
    [HEADERS.waitsFor, retry.waitsFor?.toString()],
    [HEADERS.deferredFor, retry.deferredFor],
    [HEADERS.storedAt, retry.storedAtMs === undefined ? undefined : timeOf(retry.storedAtMs)],
  ];
  return headers.filter((header): header is readonly [string, string] => header[1] !== undefined);
};

const timeOf = (ms: number): string => new Date(ms).toISOString();

const count = z
  .string()
  .regex(/^\d{1,16}$/, "is not a whole number")
  .transform(Number)
  .pipe(z.int());

/** A missing header is undefined. */
const unlessEmpty = <T extends z.ZodType>(value: T) =>
  z.preprocess((text) => (text === "" ? undefined : text), value.optional());

const positiveCount = count.pipe(z.int().positive());

const schema = z.object({
  eventSeq: positiveCount,
  attempt: positiveCount,
  extraAttempts: unlessEmpty(positiveCount),
  due: z.iso.datetime(),
  deliveryId: idSchema,
  callId: callIdSchema,
  eventType: eventTypeSchema,
  /** Missing: never deferred. */
  deferrals: z.preprocess((text) => (text === "" ? "0" : text), count),
  heldSince: unlessEmpty(z.iso.datetime()),
  trigger: unlessEmpty(z.enum(TRIGGERS)),
  redeliveryId: unlessEmpty(idSchema),
  waitsFor: unlessEmpty(positiveCount),
  // Only counted: a value of another version must not keep the delivery from being made.
  deferredFor: unlessEmpty(z.enum(DEFERRED_FOR)).catch(undefined),
  storedAt: unlessEmpty(z.iso.datetime()).catch(undefined),
});

export type ReadRetry =
  | { readonly kind: "retry"; readonly retry: RetryMessage }
  | { readonly kind: "invalid"; readonly message: string };

/** The retry in a message's headers (`get` returns an empty string for a missing one). */
export const readRetry = (
  agent: { readonly workspaceId: string; readonly agentId: string },
  get: (name: string) => string,
): ReadRetry => {
  const found = Object.entries(HEADERS).map(([key, name]) => [key, get(name)]);
  const parsed = schema.safeParse(Object.fromEntries(found));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const name = HEADERS[path[0] as keyof typeof HEADERS];
      return `${name} '${get(name).slice(0, 200)}': ${message}`;
    });
    return { kind: "invalid", message: `headers of a retry: ${problems.join("; ")}` };
  }
  const { due, heldSince, storedAt, callId, eventType, ...others } = parsed.data;
  const retry = {
    ...others,
    address: { ...agent, callId, eventType },
    dueMs: Date.parse(due),
    postponedSinceMs: heldSince === undefined ? undefined : Date.parse(heldSince),
    trace: readTraceContext(get),
    storedAtMs: storedAt === undefined ? undefined : Date.parse(storedAt),
  };
  return { kind: "retry", retry };
};

/** When a retry is due, in ms since 1970; cheaper than parsing all headers. */
export const readDue = (get: (name: string) => string): number | undefined => {
  const dueMs = Date.parse(get(HEADERS.due));
  return Number.isNaN(dueMs) ? undefined : dueMs;
};

/** What of a schedule counts as a delivery that was never attempted; undefined: it was, or it is no event's. */
export const readFirstAttempt = (
  get: (name: string) => string,
): { readonly deferredFor: DeferredFor; readonly storedAtMs: number | undefined } | undefined => {
  if (get(HEADERS.attempt) !== "1" || get(HEADERS.trigger) !== "") return undefined;
  const deferredFor = DEFERRED_FOR.find((reason) => reason === get(HEADERS.deferredFor));
  const storedAtMs = Date.parse(get(HEADERS.storedAt));
  return {
    deferredFor: deferredFor ?? "endpoint_busy", // of a version that did not say: the most frequent one
    storedAtMs: Number.isNaN(storedAtMs) ? undefined : storedAtMs,
  };
};

/** The readable parts of a broken retry, for its dead letter. */
export const readableParts = (get: (name: string) => string) => ({
  eventSeq: positiveCount.safeParse(get(HEADERS.eventSeq)).data,
  callId: callIdSchema.safeParse(get(HEADERS.callId)).data,
  eventType: eventTypeSchema.safeParse(get(HEADERS.eventType)).data,
  redeliveryId: idSchema.safeParse(get(HEADERS.redeliveryId)).data,
});
