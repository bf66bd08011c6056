import type { Subscription } from "@ringback/contracts/agents/subscription";
import { TRACEPARENT, traceparentOf, type TraceContext } from "@ringback/contracts/trace-context";
import type { Attributes, Span, Tracer } from "@ringback/runtime/telemetry/tracing";
import { destinationOf } from "../delivery/decide/request.ts";
import type { Turn } from "../delivery/delivery-result.ts";
import type { Delivery } from "../delivery/delivery.ts";

/** One attempt in a trace. */
export type AttemptTrace = {
  /** What the endpoint is told of the trace. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be called once; without a turn: the attempt threw. */
  readonly end: (turn: Turn | undefined) => void;
};

export type TraceAttempt = (
  delivery: Delivery,
  subscription: Subscription,
  parent: TraceContext | undefined,
) => AttemptTrace;

/** What those who handle messages need to trace deliveries: nothing, where nothing is traced. */
export const traceDeps = (
  tracer: Tracer | undefined,
  isForwarded: boolean,
): { readonly tracer?: Tracer; readonly traceAttempt?: TraceAttempt } =>
  tracer === undefined ? {} : { tracer, traceAttempt: attemptTracer(tracer, isForwarded) };

/**
 * Attempts as spans of an HTTP client. No path, query, header or body is in them: paths may be secrets,
 * too. Endpoints get `traceparent` where `isForwarded`, and never `tracestate`, which is the platform's.
 */
const attemptTracer =
  (tracer: Tracer, isForwarded: boolean): TraceAttempt =>
  (delivery, subscription, parent) => {
    const attributes = attributesOf(delivery, subscription);
    const span = tracer.start(subscription.method_type, { kind: "client", attributes, parent });
    const headers: Record<string, string> = {};
    if (isForwarded) headers[TRACEPARENT] = traceparentOf(span.context);
    return {
      headers,
      end: (turn) => {
        judge(span, turn);
        span.end();
      },
    };
  };

const attributesOf = (
  { eventId, attempt, trigger, address }: Delivery,
  { method_type, callback_url }: Subscription,
): Attributes => {
  const {
    protocol = "",
    hostname,
    port = "",
  } = URL.parse(destinationOf(callback_url).origin) ?? {};
  const usualPort = protocol === "https:" ? 443 : 80;
  return {
    "http.request.method": method_type,
    "server.address": hostname,
    "server.port": port === "" ? usualPort : Number(port),
    "url.scheme": protocol.slice(0, -1),
    "ringback.event_id": eventId,
    "ringback.event_type": address.eventType,
    "ringback.workspace_id": address.workspaceId,
    "ringback.attempt": attempt,
    "ringback.trigger": trigger,
  };
};

const judge = (span: Span, turn: Turn | undefined): void => {
  if (turn?.kind === "held_back") return span.fail(turn.fault);
  if (turn?.kind !== "attempted") return span.fail("internal");
  const { outcome } = turn.record;
  if (outcome.kind === "cancelled") return;
  span.set({ "http.response.status_code": outcome.status_code });
  if (outcome.kind === "failed") span.fail(outcome.reason);
};
