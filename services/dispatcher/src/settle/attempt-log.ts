import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { readTraceContext } from "@ringback/contracts/trace-context";
import { headerIn, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { DeferrableDelivery } from "../delivery/delivery.ts";
import { knownIds, recordIds, type DeadLetterDeps } from "./dead-letter.ts";
import { firstTrace } from "./defer.ts";
import type { InFlightMessage } from "./in-flight.ts";

type TraceId = { readonly trace_id?: string };

/** Logs a recorded attempt. */
export type AttemptLog = (record: AttemptRecord, trace: TraceId) => void;

/**
 * Failures at `warn`, each of them. Of those that were delivered one of `deliveredOneIn`, which its line says
 * (`one_in`): a thousand a second are 32 GB a day.
 */
export const attemptLog = (log: Logger, deliveredOneIn: number): AttemptLog => {
  let delivered = 0;
  return (record, trace) => {
    const fields = { ...loggable(record), ...trace };
    if (record.outcome.kind === "failed") return log.warn(fields, "delivery.attempted");
    if (record.outcome.kind === "delivered" && deliveredOneIn > 1) {
      delivered += 1;
      if (delivered % deliveredOneIn !== 1) return;
      return log.info({ ...fields, one_in: deliveredOneIn }, "delivery.attempted");
    }
    log.info(fields, "delivery.attempted");
  };
};

/** What of a record is logged: ids, outcome, duration, next step; nothing of a customer's. */
export const loggable = (record: AttemptRecord) => ({
  ...recordIds(record),
  attempt: record.attempt,
  trigger: record.trigger,
  outcome: record.outcome,
  duration_ms: record.duration_ms,
  next: record.next,
});

/** What of a dead letter is logged; the raw bytes and the last attempt are a customer's. */
export const loggableDeadLetter = (deadLetter: DeadLetter) => {
  const { reason, event_id, event_seq, message: detail } = deadLetter;
  const ids = { reason, event_id, event_seq, detail };
  if (deadLetter.reason === "invalid_event") {
    return { ...ids, ...idsInSubject(deadLetter.subject) };
  }
  const { workspace_id, agent_id, call_id, event_type, delivery_id } = deadLetter;
  const { endpoint_id, uid, redelivery_id } = deadLetter;
  const ofDelivery = { delivery_id, endpoint_id, uid, redelivery_id };
  return { ...ids, workspace_id, agent_id, call_id, event_type, ...ofDelivery };
};

/**
 * The trace of the work on a message or, where this dispatcher traces nothing, the first one: the delivery's, or what
 * the message itself came with.
 */
export const traceIdOf = (
  inFlight: Pick<InFlightMessage, "trace" | "message">,
  delivery: Pick<DeferrableDelivery, "trace"> = {},
): TraceId => {
  const { message, trace } = inFlight;
  const context =
    trace?.span.context ??
    firstTrace(inFlight, delivery) ??
    readTraceContext((name) => headerIn(rawHeaders(message), name));
  return context === undefined ? {} : { trace_id: context.traceId };
};

/** What every line about a message says: whose it is, what it is about, and its trace. */
export const messageIds = (
  inFlight: Pick<InFlightMessage, "trace" | "message">,
  delivery: DeferrableDelivery | undefined,
  store: DeadLetterDeps["store"],
) => ({ ...knownIds(inFlight.message, delivery, store), ...traceIdOf(inFlight, delivery) });
