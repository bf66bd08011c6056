import type { ConfigurationEvent } from "@ringback/contracts/agents/agent";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { Published } from "@ringback/runtime/nats/publish";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";

/** Appends with a span of its own, a producer's; `append` gets what the message is to carry. */
export const tracedAppend = async (
  tracer: Tracer,
  event: ConfigurationEvent,
  parent: TraceContext | undefined,
  append: (context: TraceContext) => Promise<Published>,
): Promise<Published> => {
  const stream = STREAMS.subscriptions;
  const attributes = {
    "messaging.system": "nats",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.name": stream,
    "messaging.destination.template": "subscriptions.{workspace_id}.{agent_id}",
    "ringback.configuration_event": event.type,
  };
  const span = tracer.start(`publish ${stream}`, { kind: "producer", attributes, parent });
  try {
    const published = await append(span.context);
    // Decided anew over what came first: nothing has gone wrong.
    if (published.kind === "conflict") span.event("ringback.conflict");
    return published;
  } catch (error) {
    span.fail("unavailable");
    throw error;
  } finally {
    span.end();
  }
};
