import { AckPolicy } from "@nats-io/jetstream";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import {
  FAILED,
  startStreams,
  type StoredEvent,
  type Streams,
} from "../../../../test/lists/streams.ts";
import { acknowledgedUpTo } from "../streams/pending-deliveries.ts";
import { TO_AGENT, type Destination } from "./decide/destinations.ts";
import type { DeliverySnapshot } from "./decide/redeliver.ts";
import { deliverySnapshots, eventRecords } from "./delivery-state.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const LATER = "2099-01-01T00:00:00.000Z";

const retryOf = (
  { seq, address }: StoredEvent,
  state: "scheduled" | "due",
  deliveryId = String(seq),
) => {
  const dueMs = state === "due" ? Date.now() : Date.parse(LATER);
  const retry = { address, eventSeq: seq, deliveryId, attempt: 2, dueMs, deferrals: 0 };
  const due = dueRetrySubject(address, deliveryId);
  return publishOnce(streams.nats, {
    stream: STREAMS.retries,
    subject: state === "due" ? due : scheduledRetrySubject(address, deliveryId),
    body: "",
    messageId: `${state}-${deliveryId}`,
    headers: retryHeaders(retry),
    ...(state === "due" ? {} : { schedule: { atMs: dueMs, target: due } }),
  });
};

const failedOf = (event: StoredEvent, deliveryId = String(event.seq), attempts_left = 3) =>
  streams.attempt(event, {
    outcome: FAILED,
    deliveryId,
    next: { kind: "retry", at: LATER, attempts_left },
  });

const snapshotOf = async (
  event: StoredEvent,
  destination: Destination = TO_AGENT,
): Promise<DeliverySnapshot | undefined> => {
  const records = await eventRecords(streams.nats, event, await acknowledgedUpTo(streams.nats));
  return (await deliverySnapshots(streams.nats, event, records, [destination]))[0];
};

const NOTHING = {
  isDue: false,
  waiting: undefined,
  isOpen: false,
  attemptsLeft: undefined,
  isRecorded: false,
  isAcknowledged: false,
};

test.each([
  ["nothing was done for", async () => undefined, NOTHING],
  [
    "was delivered",
    (event: StoredEvent) => streams.attempt(event),
    { ...NOTHING, isRecorded: true },
  ],
  [
    "has a record whose retry is not scheduled yet",
    (event: StoredEvent) => failedOf(event),
    { ...NOTHING, isRecorded: true, isOpen: true },
  ],
  [
    "waits for a retry",
    async (event: StoredEvent) => {
      await failedOf(event);
      await retryOf(event, "scheduled");
    },
    { ...NOTHING, isRecorded: true, isOpen: true, attemptsLeft: 3, waiting: { attempt: 2 } },
  ],
  [
    "was deferred before its first attempt",
    (event: StoredEvent) => retryOf(event, "scheduled"),
    { ...NOTHING, waiting: { attempt: 2 } },
  ],
  [
    "has a retry due",
    async (event: StoredEvent) => {
      await failedOf(event);
      await retryOf(event, "due");
    },
    { ...NOTHING, isRecorded: true, isOpen: true, isDue: true },
  ],
  [
    "has a redelivery due that left no record",
    async (event: StoredEvent) => {
      await streams.attempt(event);
      await retryOf(event, "due", `${event.seq}-r1`);
    },
    { ...NOTHING, isRecorded: true, isDue: true },
  ],
  [
    "has a redelivery that waits, after a delivery that was given up",
    async (event: StoredEvent) => {
      await streams.attempt(event, { outcome: FAILED, next: { kind: "dead_letter" } });
      await failedOf(event, `${event.seq}-r2`, 1);
      await retryOf(event, "scheduled", `${event.seq}-r2`);
    },
    { ...NOTHING, isRecorded: true, isOpen: true, attemptsLeft: 1, waiting: { attempt: 2 } },
  ],
])("an event that %s", async (what, prepare, expected) => {
  const callId = what.replaceAll(/\W/g, "-");
  const agentId = `a-${callId}`.slice(0, 60);
  const event = await streams.event({ callId, agentId });
  // Another event of the same call and type says nothing about this one.
  await failedOf(await streams.event({ callId, agentId }));
  await prepare(event);
  expect(await snapshotOf(event)).toMatchObject(expected);
});

test("an event is acknowledged once the dispatchers' consumer is past it", async () => {
  const event = await streams.event({ callId: "acknowledged" });
  expect(await snapshotOf(event)).toMatchObject({ isAcknowledged: false });
  await streams.nats.jsm.consumers.add(STREAMS.events, {
    durable_name: DISPATCHER_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    filter_subject: "events.>",
  });
  const consumer = await streams.nats.js.consumers.get(STREAMS.events, DISPATCHER_CONSUMER);
  for await (const message of await consumer.fetch({ max_messages: event.seq })) {
    await message.ackAck();
  }
  expect(await snapshotOf(event)).toEqual({ ...NOTHING, isAcknowledged: true });
});
