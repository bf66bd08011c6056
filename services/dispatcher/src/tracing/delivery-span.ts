import type { JsMsg } from "@nats-io/jetstream";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Attributes, Span, Tracer } from "@ringback/runtime/telemetry/tracer";
import { traceContextOf } from "@ringback/runtime/telemetry/tracing-headers";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import { idsOf } from "../delivery/delivery.ts";
import type { TraceMessages } from "../intake/take-message.ts";
import type { MessageTrace } from "../settle/in-flight.ts";

/** Messages in flight as spans of a consumer. */
export const messageTracer = (tracer: Tracer): TraceMessages => ({
  /** The message of an event belongs to its producer's trace, where its headers say so. */
  event: (message) => {
    // Measured before it is decoded: the headers are the producer's.
    const isReadable = headersProblem(rawHeaders(message)) === undefined;
    const parent = isReadable ? traceContextOf(() => message.headers) : undefined;
    const template = "events.{workspace_id}.{call_id}.{agent_id}.{event_type}";
    const attributes = processing(message, STREAMS.events, template);
    return traceOf(
      tracer.start(`process ${STREAMS.events}`, { kind: "consumer", attributes, parent }),
    );
  },
  /**
   * A retry starts a trace of its own, linked to the delivery's first: one trace would grow for hours, and
   * be shown when most of it is missing.
   */
  retry: (message, first) => {
    const template = "retries.due.{workspace_id}.{agent_id}";
    const attributes = processing(message, STREAMS.retries, template);
    const start = { kind: "consumer", attributes, link: first } as const;
    return traceOf(tracer.start(`process ${STREAMS.retries}`, start), first);
  },
});

const processing = ({ data, info }: JsMsg, stream: string, template: string): Attributes => ({
  "messaging.system": "nats",
  "messaging.operation.name": "process",
  "messaging.operation.type": "process",
  "messaging.destination.name": stream,
  "messaging.consumer.group.name": DISPATCHER_CONSUMER,
  "messaging.message.body.size": data.byteLength,
  "ringback.broker_deliveries": info.deliveryCount,
  "messaging.destination.template": template,
});

const traceOf = (span: Span, origin: TraceContext = span.context): MessageTrace => ({
  span,
  origin,
  setDelivery: (delivery) => {
    const ids = Object.entries(idsOf(delivery)).map(([name, id]) => [`ringback.${name}`, id]);
    span.set({ ...Object.fromEntries(ids), "ringback.attempt": delivery.attempt });
  },
  setResult: (result) => setResult(span, result),
  setDeadLetter: (reason, eventId) => {
    if (eventId !== undefined) span.set({ "ringback.event_id": eventId });
    setDeadLetter(span, reason);
  },
});

/** A failed attempt is no failure of the platform, until its delivery is dead-lettered. */
const setResult = (span: Span, result: DeliveryResult): void => {
  switch (result.kind) {
    case "attempted": {
      const { outcome, next } = result.record;
      const reason = outcome.kind === "failed" ? outcome.reason : undefined;
      span.set({ "ringback.outcome": outcome.kind, "ringback.failure_reason": reason });
      if (next.kind === "retry")
        span.event("ringback.retry_scheduled", { "ringback.due": next.at });
      if (next.kind === "dead_letter") setDeadLetter(span, "exhausted");
      return;
    }
    case "no_subscription":
      return span.set({ "ringback.outcome": "no_subscription" });
    case "deferred": {
      const due = new Date(result.atMs).toISOString();
      const attributes = { "ringback.deferral_reason": result.reason, "ringback.due": due };
      return span.event("ringback.deferred", attributes);
    }
    case "postponed": {
      const { fault, atMs } = result;
      const due = new Date(atMs).toISOString();
      span.event("ringback.held_back", { "ringback.own_fault": fault, "ringback.due": due });
      return span.fail(fault);
    }
    case "closed":
      return span.event("ringback.given_back");
    case "not_owned":
      return span.event("ringback.left_alone");
    default:
      return result satisfies never;
  }
};

const setDeadLetter = (span: Span, reason: string): void => {
  span.event("ringback.dead_lettered", { "ringback.dead_letter_reason": reason });
  span.fail(reason);
};
