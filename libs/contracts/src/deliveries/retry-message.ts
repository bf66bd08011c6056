import { z } from "zod";
import { TRIGGERS, type Trigger } from "./attempt.ts";
import { callIdSchema } from "../events/call-id.ts";
import { eventTypeSchema } from "../events/event-types.ts";
import { idSchema } from "../id.ts";
import type { EventAddress } from "../streams/subjects.ts";
import { readTraceContext, traceHeaders, type TraceContext } from "../trace-context.ts";

/**
 * A delivery that comes back later: which event, which attempt, and when it is due. It travels as
 * headers of a message without a body; the event itself is read from EVENTS when its time comes.
 */
export type RetryMessage = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly deliveryId: string;
  /** The number of the attempt that is due. */
  readonly attempt: number;
  /** How many of its attempts, up to this one, take no place in the schedule. Undefined: none. */
  readonly extraAttempts?: number | undefined;
  readonly dueMs: number;
  /** How often this attempt was put off without being made (no room, a fault of our own). */
  readonly deferrals: number;
  /**
   * When this attempt first met an unexpected error of the platform's own, in ms since 1970: it is
   * given up by that, however many processes have tried. Undefined: it met none.
   */
  readonly postponedSinceMs?: number | undefined;
  /** Where the delivery's first trace began, where it is traced: later ones are linked to it. */
  readonly trace?: TraceContext | undefined;
  /** Why this attempt is made. Undefined: as its number says, an event's first one or a retry. */
  readonly trigger?: Trigger | undefined;
  /** The redelivery job that the delivery is part of, over all its attempts. */
  readonly redeliveryId?: string | undefined;
};

/** Why an attempt is made, on messages of RETRIES; on EVENTS it marks a test event. */
export const TRIGGER_HEADER = "Ringback-Trigger";

const HEADERS = {
  eventSeq: "Ringback-Event-Seq",
  attempt: "Ringback-Attempt",
  extraAttempts: "Ringback-Extra-Attempts",
  due: "Ringback-Due",
  deliveryId: "Ringback-Delivery-Id",
  callId: "Ringback-Call-Id",
  eventType: "Ringback-Event-Type",
  deferrals: "Ringback-Deferrals",
  heldSince: "Ringback-Held-Since",
  trigger: TRIGGER_HEADER,
  redeliveryId: "Ringback-Redelivery-Id",
} as const;

/** The headers that carry a retry, without those that schedule it. */
export const retryHeaders = (retry: RetryMessage): ReadonlyArray<readonly [string, string]> => [
  [HEADERS.eventSeq, String(retry.eventSeq)],
  [HEADERS.attempt, String(retry.attempt)],
  ...(retry.extraAttempts === undefined
    ? []
    : [[HEADERS.extraAttempts, String(retry.extraAttempts)] as const]),
  [HEADERS.due, new Date(retry.dueMs).toISOString()],
  [HEADERS.deliveryId, retry.deliveryId],
  [HEADERS.callId, retry.address.callId],
  [HEADERS.eventType, retry.address.eventType],
  [HEADERS.deferrals, String(retry.deferrals)],
  ...(retry.postponedSinceMs === undefined
    ? []
    : [[HEADERS.heldSince, new Date(retry.postponedSinceMs).toISOString()] as const]),
  ...traceHeaders(retry.trace),
  ...(retry.trigger === undefined ? [] : [[HEADERS.trigger, retry.trigger] as const]),
  ...(retry.redeliveryId === undefined
    ? []
    : [[HEADERS.redeliveryId, retry.redeliveryId] as const]),
];

const count = z
  .string()
  .regex(/^\d{1,16}$/, "is not a whole number")
  .transform(Number)
  .pipe(z.int());
/** Missing where there was nothing to say, or stored by a version that did not know it. */
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
  /** Missing: never put off. */
  deferrals: z.preprocess((text) => (text === "" ? "0" : text), count),
  heldSince: unlessEmpty(z.iso.datetime()),
  trigger: unlessEmpty(z.enum(TRIGGERS)),
  redeliveryId: unlessEmpty(idSchema),
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
  const { due, heldSince, callId, eventType, ...counts } = parsed.data;
  const address = { ...agent, callId, eventType };
  const postponedSinceMs =
    heldSince === undefined ? {} : { postponedSinceMs: Date.parse(heldSince) };
  const trace = traceIn(get);
  const dueMs = Date.parse(due);
  const retry = { address, dueMs, ...counts, ...postponedSinceMs, ...trace };
  return { kind: "retry", retry };
};

/** One that is wrong is no reason to lose a delivery: it is as if there were none. */
const traceIn = (get: (name: string) => string): Pick<RetryMessage, "trace"> => {
  const trace = readTraceContext(get);
  return trace === undefined ? {} : { trace };
};

/** When a retry is due, in ms since 1970: alone, for whoever looks at very many. */
export const readDue = (get: (name: string) => string): number | undefined => {
  const dueMs = Date.parse(get(HEADERS.due));
  return Number.isNaN(dueMs) ? undefined : dueMs;
};

/** What can be read of a retry that cannot be read as a whole: for its dead letter. */
export type RetryParts = Partial<
  Pick<RetryMessage, "eventSeq" | "redeliveryId"> & Pick<EventAddress, "callId" | "eventType">
>;

/** The headers of a broken retry that are right by themselves. */
export const readableParts = (get: (name: string) => string): RetryParts => {
  const eventSeq = positiveCount.safeParse(get(HEADERS.eventSeq)).data;
  const callId = callIdSchema.safeParse(get(HEADERS.callId)).data;
  const eventType = eventTypeSchema.safeParse(get(HEADERS.eventType)).data;
  const redeliveryId = idSchema.safeParse(get(HEADERS.redeliveryId)).data;
  return {
    ...(eventSeq === undefined ? {} : { eventSeq }),
    ...(callId === undefined ? {} : { callId }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(redeliveryId === undefined ? {} : { redeliveryId }),
  };
};
