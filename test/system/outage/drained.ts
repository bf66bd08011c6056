import { expect } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import type { NatsClient } from "../../harness/nats/nats-client.ts";

/** Waits until every event and retry is acknowledged and no retry is scheduled. */
export async function drained({ jsm }: NatsClient, timeoutMs = 25_000): Promise<void> {
  const look = async (): Promise<void> => {
    const [events, retries, { state }] = await Promise.all([
      jsm.consumers.info("EVENTS", "dispatcher"),
      jsm.consumers.info("RETRIES", "dispatcher"),
      jsm.streams.info("RETRIES"),
    ]);
    expect({
      events: events.num_pending,
      eventsInWork: events.num_ack_pending,
      retriesInWork: retries.num_ack_pending,
      retries: state.messages,
    }).toEqual({ events: 0, eventsInWork: 0, retriesInWork: 0, retries: 0 });
  };
  await eventually(look, { timeoutMs, what: "all is delivered and acknowledged" });
}
