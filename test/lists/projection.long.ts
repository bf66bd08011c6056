import { open, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { AckPolicy } from "@nats-io/jetstream";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { eventId } from "@ringback/contracts/events/event";
import { begunMs, originIn } from "@ringback/contracts/streams/stream-origin";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { OpenProjection } from "../../services/subscriptions/src/projection/open-projection.ts";
import { eventually } from "../harness/eventually.ts";
import { keptLog } from "../harness/kept-log.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { FAILED, type StoredEvent, startStreams, type Streams } from "./streams.ts";

failOnLeaks();

let streams: Streams;
beforeEach(async () => {
  streams = await startStreams();
});
afterEach(() => streams.stop());

const eventsOf = async (projection: OpenProjection, workspaceId = "w1") =>
  (await projection.events({ workspaceId, limit: 1_000 })).rows;

const statusesOf = async (projection: OpenProjection): Promise<Record<number, string>> =>
  Object.fromEntries((await eventsOf(projection)).map(({ seq, status }) => [seq, status]));

test("what is stored before and after the start is applied", async () => {
  const before = await streams.event();
  await streams.attempt(before, { outcome: FAILED, next: { kind: "retry", at: LATER } });
  const projection = await streams.project();
  await projection.caughtUp();
  expect(await statusesOf(projection)).toEqual({ [before.seq]: "retrying" });
  await streams.attempt(before, { attempt: 2 });
  const after = await streams.event({ callId: "c2" }, "test");
  await eventually(async () => {
    expect(await statusesOf(projection)).toEqual({
      [before.seq]: "delivered",
      [after.seq]: "pending",
    });
  });
  const attempts = await projection.attempts({ workspaceId: "w1", limit: 10 });
  expect(attempts.rows.map(({ seq }) => seq)).toEqual([2, 1]);
  const [newest, oldest] = await eventsOf(projection);
  expect(newest).toMatchObject({ seq: after.seq, isTest: true, status: "pending", attempts: 0 });
  expect(newest?.address.callId).toBe("c2");
  expect(newest?.sizeBytes).toBe(JSON.stringify({ call_id: "c2" }).length);
  expect(oldest).toMatchObject({ status: "delivered", attempts: 2, nextAttemptAtMs: undefined });
  expect(projection.lag()).toEqual({ events: 0, attempts: 0, dead_letters: 0, total: 0 });
});

const LATER = "2099-01-01T00:00:00.000Z";

test("after a restart it goes on where it was, and a file of other streams is made anew", async () => {
  const folder = await makeTempDir("projection");
  await streams.event();
  const first = await streams.project({ folder });
  await first.caughtUp();
  await expect(streams.project({ folder })).rejects.toThrow("in use by another process");
  await first.stop();
  const { log, lines } = keptLog();
  await streams.event({ callId: "c2" });
  const second = await streams.project({ folder, log });
  expect(second.appliedUpTo("events")).toBe(1); // nothing is read a second time
  await second.caughtUp();
  expect(await eventsOf(second)).toHaveLength(2);
  await second.stop();
  await streams.nats.jsm.streams.delete("EVENTS");
  await streams.makeAgain();
  await streams.event({ callId: "c3" });
  const third = await streams.project({ folder, log });
  await third.caughtUp();
  expect((await eventsOf(third)).map(({ address }) => address.callId)).toEqual(["c3"]);
  expect(lines.join("")).toContain("of other streams");
});

/** Acknowledges all events like a dispatcher that had nothing to do for them. */
const acknowledgeAll = async ({ nats }: Streams): Promise<void> => {
  const name = "dispatcher";
  const config = { durable_name: name, ack_policy: AckPolicy.Explicit, filter_subject: "events.>" };
  await nats.jsm.consumers.add(STREAMS.events, config);
  const consumer = await nats.js.consumers.get(STREAMS.events, name);
  const { num_pending } = await consumer.info();
  for await (const message of await consumer.fetch({ max_messages: num_pending })) {
    await message.ackAck();
  }
};

const schedule = async ({ nats }: Streams, { seq, address }: StoredEvent): Promise<void> => {
  const deliveryId = String(seq);
  const dueMs = Date.now() + 3_600_000;
  const retry = { address, eventSeq: seq, deliveryId, attempt: 1, dueMs, deferrals: 1 };
  await publishOnce(nats, {
    stream: STREAMS.retries,
    subject: scheduledRetrySubject(address, deliveryId),
    body: "",
    messageId: `schedule-${seq}`,
    headers: retryHeaders(retry),
    schedule: { atMs: dueMs, target: `retries.due.${address.workspaceId}.${address.agentId}` },
  });
};

test("an event that left no trace had no subscription; one that waits or was attempted is not said to", async () => {
  const unwanted = await streams.event({ callId: "c1" });
  const waiting = await streams.event({ callId: "c2" });
  const attempted = await streams.event({ callId: "c3" });
  const projection = await streams.project();
  await schedule(streams, waiting);
  await streams.attempt(attempted);
  await projection.caughtUp();
  expect(await statusesOf(projection)).toMatchObject({ [unwanted.seq]: "pending" });
  await acknowledgeAll(streams);
  const inWork = await streams.event({ callId: "c4" });
  await eventually(async () => {
    expect(await statusesOf(projection)).toEqual({
      [unwanted.seq]: "no_subscription",
      [waiting.seq]: "pending",
      [attempted.seq]: "delivered",
      [inWork.seq]: "pending",
    });
  });
  // A redelivery of it, after somebody has subscribed.
  await streams.attempt(unwanted, { deliveryId: `${unwanted.seq}-r1`, trigger: "redelivery" });
  await eventually(async () => {
    expect(await statusesOf(projection)).toMatchObject({ [unwanted.seq]: "delivered" });
  });
});

test("a file that is damaged while it is used is thrown away, and all is read again", async () => {
  const folder = await makeTempDir("projection");
  const { log, lines } = keptLog();
  for (let n = 0; n < 400; n += 1) await streams.event({ callId: `c${n}` });
  const first = await streams.project({ folder });
  await first.caughtUp();
  await first.stop();
  const file = join(folder, "projection.sqlite");
  const { size } = await stat(file);
  const handle = await open(file, "r+");
  await handle.write(Buffer.alloc(size - 16_384, 0xff), 0, size - 16_384, 16_384);
  await handle.close();
  const second = await streams.project({ folder, log });
  await second.caughtUp();
  await eventually(async () => expect(await eventsOf(second)).toHaveLength(400));
  expect(lines.join("")).toMatch(/projection\.(damaged|discarded)/);
});

test.each([
  ["no database", "this is no database".repeat(1_000)],
  ["empty", ""],
])("a file that is %s is thrown away at the start", async (_what, content) => {
  const folder = await makeTempDir("projection");
  await writeFile(join(folder, "projection.sqlite"), content);
  const event = await streams.event();
  const projection = await streams.project({ folder });
  await projection.caughtUp();
  expect(await statusesOf(projection)).toEqual({ [event.seq]: "pending" });
});

test("only its owner can read what is kept", async () => {
  const folder = join(await makeTempDir("projection"), "own");
  const projection = await streams.project({ folder });
  await streams.event();
  await projection.caughtUp();
  const names = await readdir(folder);
  expect(names).toContain("projection.sqlite");
  for (const name of [...names, "."]) {
    expect([name, (await stat(join(folder, name))).mode & 0o077]).toEqual([name, 0]);
  }
});

test("what the streams have dropped is dropped", async () => {
  const projection = await streams.project();
  for (let n = 0; n < 5; n += 1) {
    const event = await streams.event({ callId: `c${n}` });
    await streams.attempt(event, { outcome: FAILED, next: { kind: "dead_letter" } });
    await streams.letter(event, "exhausted");
  }
  await projection.caughtUp();
  for (const name of [STREAMS.events, STREAMS.attempts, STREAMS.deadLetters]) {
    await streams.nats.jsm.streams.purge(name, { seq: 4 });
    projection.compare(name, await streams.nats.jsm.streams.info(name));
  }
  const query = { workspaceId: "w1", limit: 10 };
  await eventually(async () => {
    expect((await projection.events(query)).rows.map(({ seq }) => seq)).toEqual([5, 4]);
    expect((await projection.attempts(query)).rows.map(({ seq }) => seq)).toEqual([5, 4]);
    expect((await projection.deadLetters(query)).rows.map(({ seq }) => seq)).toEqual([5, 4]);
  });
});

test("records that belong to an earlier stream of events say nothing about those of now", async () => {
  const old = await streams.event();
  await streams.attempt(old);
  await streams.nats.jsm.streams.delete(STREAMS.events);
  // An event's id has the second in which its stream was made.
  await eventually(() => Date.now() >= begunMs(originIn(streams.origins, STREAMS.events)) + 1_000);
  await streams.makeAgain();
  const now = await streams.event({ workspaceId: "w1" });
  const projection = await streams.project();
  await projection.caughtUp();
  expect(now.seq).toBe(old.seq);
  expect(await statusesOf(projection)).toEqual({ [now.seq]: "pending" });
  expect((await projection.attempts({ workspaceId: "w1", limit: 10 })).rows).toHaveLength(1);
});

test("a rebuild holds nothing else up, and questions are answered while it goes on", async () => {
  const some = Array.from({ length: 3_000 }, (_, n) => streams.event({ callId: `c${n}` }));
  const events = await Promise.all(some);
  await Promise.all(events.map((event) => streams.attempt(event)));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const projection = await streams.project();
  delay.enable();
  const lags: number[] = [];
  while (projection.appliedUpTo("events") < 3_000 || projection.appliedUpTo("attempts") < 3_000) {
    lags.push(projection.lag().total);
    await projection.events({ workspaceId: "w1", limit: 50 });
    await nextTurn();
  }
  delay.disable();
  expect(Math.max(...lags)).toBeGreaterThan(0);
  expect(projection.lag().total).toBe(0);
  const statuses = new Set((await eventsOf(projection)).map(({ status }) => status));
  expect([...statuses]).toEqual(["delivered"]);
  // A slice of work takes 4 ms; the rest is for a machine that has more to do.
  expect(delay.percentile(90) / 1e6).toBeLessThan(50);
});

const ENDPOINTS = ["ep_abcdefgh234567ab", "ep_bbcdefgh234567ab"] as const;

/** Stores the set of an event's destinations as a dispatcher does: its agent's subscription and both endpoints. */
const fanOut = async ({ nats, origins }: Streams, { seq, address }: StoredEvent): Promise<void> => {
  const deliveries = [
    { delivery_id: String(seq) },
    ...ENDPOINTS.map((id) => ({ delivery_id: `${seq}-${id}`, endpoint_id: id, uid: `uid-${id}` })),
  ];
  const event_id = eventId(originIn(origins, STREAMS.events), seq);
  const set = { event_id, event_seq: seq, at: new Date().toISOString(), deliveries };
  await publishOnce(nats, {
    stream: STREAMS.attempts,
    subject: fanOutSubject(address, seq),
    body: JSON.stringify(set),
    messageId: `fan-out-${seq}`,
  });
};

const deliveriesOf = async (projection: OpenProjection) =>
  (await projection.deliveries({ workspaceId: "w1", limit: 1_000 })).rows;

test("an event that waits at its destinations without a record is not said to have none", async () => {
  const waiting = await streams.event({ callId: "c1" });
  const unwanted = await streams.event({ callId: "c2" });
  await fanOut(streams, waiting);
  const projection = await streams.project();
  await projection.caughtUp();
  await acknowledgeAll(streams);
  await eventually(async () => {
    expect(await statusesOf(projection)).toEqual({
      [waiting.seq]: "pending",
      [unwanted.seq]: "no_subscription",
    });
  });
  const rows = await deliveriesOf(projection);
  expect(rows.map(({ endpointId, uid, status }) => [endpointId, uid, status])).toEqual(
    expect.arrayContaining([
      [undefined, undefined, "pending"],
      ...ENDPOINTS.map((id) => [id, `uid-${id}`, "pending"]),
    ]),
  );
  expect(rows).toHaveLength(3);
});

test("an index that is built from nothing is the one that grew, and a file of an earlier version is built again", async () => {
  const folder = await makeTempDir("projection");
  const grown = await streams.project({ folder });
  const [first, second] = ENDPOINTS;
  for (let n = 0; n < 30; n += 1) {
    const event = await streams.event({ callId: `c${n}` });
    if (n % 3 === 0) await fanOut(streams, event);
    const retry = { kind: "retry", at: LATER } as const;
    if (n % 2 === 0) await streams.attempt(event, { outcome: FAILED, next: retry });
    await streams.attempt(event, { deliveryId: `${event.seq}-${first}` });
    if (n % 5 === 0) await streams.attempt(event, { deliveryId: `${event.seq}-${second}-r1` });
    if (n % 7 === 0) await streams.letter(event, "event_expired");
  }
  await grown.caughtUp();
  const rowsOf = async (projection: OpenProjection) => [
    await deliveriesOf(projection),
    await eventsOf(projection),
    (await projection.attempts({ workspaceId: "w1", endpointId: first, limit: 1_000 })).rows,
  ];
  const rows = await rowsOf(grown);
  expect(rows.map((all) => all.length)).toEqual([30 + 21 + 14, 30, 30]);
  const rebuilt = await streams.project();
  await rebuilt.caughtUp();
  expect(await rowsOf(rebuilt)).toEqual(rows);
  await grown.stop();
  const file = new DatabaseSync(join(folder, "projection.sqlite"));
  file.exec("UPDATE meta SET value = '6;' || substr(value, 3) WHERE name = 'schema'");
  file.exec("DROP TABLE deliveries");
  file.close();
  const { log, lines } = keptLog();
  const again = await streams.project({ folder, log });
  await again.caughtUp();
  expect(await rowsOf(again)).toEqual(rows);
  expect(lines.join("")).toContain("of another version");
});
