import { headersProblem } from "@ringback/contracts/events/event-headers";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Attributes, Span, Tracer } from "@ringback/runtime/telemetry/tracing";
import { traceContextOf } from "@ringback/runtime/telemetry/tracing-headers";
import type { Turn } from "../delivery/delivery-result.ts";
import { idsOf, type Delivery } from "../delivery/delivery.ts";
import type { InHand } from "../settle/in-flight.ts";

/** Where a delivery is in its traces, while a message of it is in hand. */
export type HandTrace = {
  /** From taking the message in hand to letting it go. */
  readonly span: Span;
  /** Where the delivery's first trace began: what comes later is linked to it. */
  readonly origin: TraceContext;
};

/** A message of EVENTS belongs to its producer's trace, where it says so. */
export const traceEvent = (message: InHand["message"], tracer: Tracer): HandTrace => {
  // Measured before it is decoded: the headers are the producer's.
  const isReadable = headersProblem(rawHeaders(message)) === undefined;
  const parent = isReadable ? traceContextOf(() => message.headers) : undefined;
  const attributes = {
    ...processing(message, STREAMS.events),
    "messaging.destination.template": "events.{workspace_id}.{call_id}.{agent_id}.{event_type}",
  };
  const span = tracer.start(`process ${STREAMS.events}`, { kind: "consumer", attributes, parent });
  return { span, origin: span.context };
};

/**
 * A delivery that comes back begins a trace of its own, linked to its first one: one trace would grow
 * for hours, and be shown when most of it is missing.
 */
export const traceRetry = (
  message: InHand["message"],
  first: RetryMessage["trace"],
  tracer: Tracer,
): HandTrace => {
  const attributes = {
    ...processing(message, STREAMS.retries),
    "messaging.destination.template": "retries.due.{workspace_id}.{agent_id}",
  };
  const start = { kind: "consumer", attributes, link: first } as const;
  const span = tracer.start(`process ${STREAMS.retries}`, start);
  return { span, origin: first ?? span.context };
};

const processing = ({ data, info }: InHand["message"], stream: string): Attributes => ({
  "messaging.system": "nats",
  "messaging.operation.name": "process",
  "messaging.operation.type": "process",
  "messaging.destination.name": stream,
  "messaging.consumer.group.name": DISPATCHER_CONSUMER,
  "messaging.message.body.size": data.byteLength,
  "ringback.broker_deliveries": info.deliveryCount,
});

/** Handed on where it came with the delivery, also by a dispatcher that traces nothing. */
export const firstTrace = (
  { trace }: Pick<InHand, "trace">,
  delivery: Pick<RetryMessage, "trace">,
): TraceContext | undefined => trace?.origin ?? delivery.trace;

/** Whose delivery it is, in the words of logs and records. */
export const traceIds = (trace: HandTrace | undefined, delivery: Omit<Delivery, "body">): void => {
  if (trace === undefined) return;
  const ids = Object.entries(idsOf(delivery)).map(([name, id]) => [`ringback.${name}`, id]);
  trace.span.set({ ...Object.fromEntries(ids), "ringback.attempt": delivery.attempt });
};

/** What a turn came to. That an endpoint fails is no failure here, until it is given up. */
export const traceTurn = (trace: HandTrace | undefined, turn: Turn): void => {
  if (trace === undefined) return;
  const { span } = trace;
  switch (turn.kind) {
    case "attempted": {
      const { outcome, next } = turn.record;
      const reason = outcome.kind === "failed" ? outcome.reason : undefined;
      span.set({ "ringback.outcome": outcome.kind, "ringback.failure_reason": reason });
      if (next.kind === "retry")
        span.event("ringback.retry_scheduled", { "ringback.due": next.at });
      if (next.kind === "dead_letter") traceDeadLetter(trace, "exhausted");
      return;
    }
    case "no_subscription":
      return span.set({ "ringback.outcome": "no_subscription" });
    case "deferred": {
      const due = new Date(turn.atMs).toISOString();
      const attributes = { "ringback.deferral_reason": turn.reason, "ringback.due": due };
      return span.event("ringback.deferred", attributes);
    }
    case "held_back": {
      const due = new Date(turn.atMs).toISOString();
      span.event("ringback.held_back", { "ringback.own_fault": turn.fault, "ringback.due": due });
      return span.fail(turn.fault);
    }
    case "closed":
      return span.event("ringback.given_back");
    case "left":
      return span.event("ringback.left_alone");
    default:
      return turn satisfies never;
  }
};

/** The delivery has ended without success. */
export const traceDeadLetter = (
  trace: HandTrace | undefined,
  reason: string,
  eventId?: string,
): void => {
  if (trace === undefined) return;
  if (eventId !== undefined) trace.span.set({ "ringback.event_id": eventId });
  trace.span.event("ringback.dead_lettered", { "ringback.dead_letter_reason": reason });
  trace.span.fail(reason);
};
