import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { DatabaseSync } from "node:sqlite";
import { AckPolicy } from "@nats-io/jetstream";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { DISPATCHER_CONSUMER, eventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { expect, test } from "vitest";
import { eventually } from "../../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../../test/harness/process/leaks.ts";
import { startStreams, type StoredEvent, type Streams } from "../../../../../test/lists/streams.ts";
import { EVENT_FACETS } from "../file/facets.ts";
import { idsIn } from "../file/ids.ts";
import { SCHEMA } from "../file/schema.ts";
import { serialExecutor, transactionOn } from "../file/serial-executor.ts";
import { streamAppliers } from "./appliers.ts";
import { resolveUnsubscribed } from "./resolve-unsubscribed.ts";
import { unresolvedEvents } from "./unresolved-events.ts";

failOnLeaks();

const acknowledgeAll = async ({ nats }: Streams): Promise<void> => {
  await nats.jsm.consumers.add(STREAMS.events, {
    durable_name: DISPATCHER_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    filter_subject: "events.>",
  });
  const consumer = await nats.js.consumers.get(STREAMS.events, DISPATCHER_CONSUMER);
  const { num_pending } = await consumer.info();
  for await (const message of await consumer.fetch({ max_messages: num_pending })) {
    await message.ackAck();
  }
};

const defer = async ({ nats }: Streams, { seq, address }: StoredEvent): Promise<void> => {
  const deliveryId = String(seq);
  const dueMs = Date.now() + 3_600_000;
  await publishOnce(nats, {
    stream: STREAMS.retries,
    subject: scheduledRetrySubject(address, deliveryId),
    body: "",
    messageId: `schedule-${seq}`,
    headers: retryHeaders({ address, eventSeq: seq, deliveryId, attempt: 1, dueMs, deferrals: 1 }),
    schedule: { atMs: dueMs, target: `retries.due.${address.workspaceId}.${address.agentId}` },
  });
};

/** An index of these events, and what it says became of them. */
const indexOf = (events: readonly StoredEvent[]) => {
  const db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
  const ids = idsIn(db);
  const apply = streamAppliers({ db, ids, eventsOrigin: createdAt(0) }).events;
  for (const { seq, address } of events) {
    const subject = eventSubject(address);
    apply({ subject, seq, atMs: Date.now(), data: new Uint8Array(), header: () => "" });
  }
  const find = db.prepare("SELECT facet FROM events WHERE seq = ?");
  return {
    unresolved: unresolvedEvents(db, 2),
    transaction: transactionOn(db, ids),
    serially: serialExecutor(() => undefined),
    statuses: () => events.map(({ seq }) => EVENT_FACETS.stateOf(Number(find.get(seq)?.["facet"]))),
  };
};

test("of acknowledged events those without a pending retry had no subscription, once all records are applied", async () => {
  const streams = await startStreams();
  const events = [await streams.event(), await streams.event(), await streams.event()];
  await defer(streams, events[1] as StoredEvent);
  await acknowledgeAll(streams);
  const inFlight = await streams.event();
  const { statuses, ...index } = indexOf([...events, inFlight]);
  // A record is stored, and not applied: it may be of any event.
  const recorded = await streams.attempt(inFlight);
  let applied = 0;
  const stopping = new AbortController();
  const ended = resolveUnsubscribed({
    ...index,
    nats: streams.nats,
    appliedUpTo: (stream) => (stream === "attempts" ? applied : 0),
    isCaughtUp: () => true,
    // Later than the first check of each event.
    now: () => Date.now() + 60_000,
    log: createLogger("test", "fatal"),
    stopping: stopping.signal,
  });
  await eventually(async () => {
    // The consumer has been read twice: rounds go on, and resolve nothing.
    const floor = await streams.nats.jsm.consumers.info(STREAMS.events, DISPATCHER_CONSUMER);
    expect(floor.ack_floor.stream_seq).toBe(3);
  });
  expect(statuses()).toEqual(["pending", "pending", "pending", "pending"]);
  applied = recorded;
  await eventually(() => {
    expect(statuses()).toEqual(["no_subscription", "pending", "no_subscription", "pending"]);
  });
  stopping.abort();
  await ended;
  await streams.stop();
});
