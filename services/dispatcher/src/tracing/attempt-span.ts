import type { Subscription } from "@ringback/contracts/agents/subscription";
import { TRACEPARENT, traceparentOf } from "@ringback/contracts/trace-context";
import type { Attributes, Span, Tracer } from "@ringback/runtime/telemetry/tracer";
import { destinationOf } from "../delivery/decide/request.ts";
import type { TraceAttempt } from "../delivery/start-attempt.ts";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import type { Delivery } from "../delivery/delivery.ts";

/**
 * Attempts as spans of an HTTP client. No path, query, header or body is in them: paths may be secrets,
 * too. Endpoints get `traceparent` where `isForwarded`, and never `tracestate`, which is the platform's.
 */
export const attemptTracer =
  (tracer: Tracer, isForwarded: boolean): TraceAttempt =>
  (delivery, subscription, parent) => {
    const attributes = attributesOf(delivery, subscription);
    const span = tracer.start(subscription.method_type, { kind: "client", attributes, parent });
    const headers: Record<string, string> = {};
    if (isForwarded) headers[TRACEPARENT] = traceparentOf(span.context);
    return {
      headers,
      end: (result) => {
        setStatus(span, result);
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
  const defaultPort = protocol === "https:" ? 443 : 80;
  return {
    "http.request.method": method_type,
    "server.address": hostname,
    "server.port": port === "" ? defaultPort : Number(port),
    "url.scheme": protocol.slice(0, -1),
    "ringback.event_id": eventId,
    "ringback.event_type": address.eventType,
    "ringback.workspace_id": address.workspaceId,
    "ringback.attempt": attempt,
    "ringback.trigger": trigger,
  };
};

const setStatus = (span: Span, result: DeliveryResult | undefined): void => {
  if (result?.kind === "postponed") return span.fail(result.fault);
  if (result?.kind !== "attempted") return span.fail("internal");
  const { outcome } = result.record;
  if (outcome.kind === "cancelled") return;
  span.set({ "http.response.status_code": outcome.status_code });
  if (outcome.kind === "failed") span.fail(outcome.reason);
};
