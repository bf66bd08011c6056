import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { eventMessage } from "@ringback/contracts/events/event";
import { dueRetrySubject, parseDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { DISPATCHER_CONSUMER, DUE_RETRIES, STREAMS } from "@ringback/contracts/streams/subjects";
import { publishOnce } from "@ringback/runtime/nats/publish";
import { AckPolicy } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../../test/lists/streams.ts";
import type { EventRow } from "../../projection/projection.ts";
import { sampleEvent } from "../../event-types/sample-event.ts";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { storeEndpoint } from "../../../../../test/endpoints/stored-endpoints.ts";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { FAILED } from "../../../../../test/lists/streams.ts";
import { runJob, type RunJobDeps } from "./run-job.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const NOW = new Date("2026-01-01T00:00:00.000Z");

const JOB: RedeliveryJob = {
  workspace_id: "w1",
  redelivery_id: "r1",
  since: "2025-01-01T00:00:00.000Z",
  until: NOW.toISOString(),
  status: "undelivered",
  rate_per_second: 1_000,
  created_at: NOW.toISOString(),
  updated_at: NOW.toISOString(),
  begins_after: { events: 0, attempts: 0, dead_letters: 0 },
  state: "running",
  stop_requested: false,
  found: null,
  sent: 0,
  cursor: null,
  batch: null,
};

/** An event on EVENTS, and its row; without a body it is none that can be delivered. */
const stored = async (callId: string, isValid = true): Promise<EventRow> => {
  const address = { workspaceId: "w1", callId, agentId: "a1", eventType: "call_completed" };
  const message = eventMessage({ ...address, body: sampleEvent(address) });
  const body = isValid ? message.body : "";
  const published = await publishOnce(streams.nats, {
    ...message,
    body,
    stream: STREAMS.events,
  });
  if (published.kind === "conflict") throw new Error("it was stored before");
  const { seq } = published;
  return {
    seq,
    address,
    storedAtMs: seq,
    sizeBytes: 1,
    isTest: false,
    status: "failed",
    attempts: 1,
    lastAttemptAtMs: undefined,
    lastStatusCode: undefined,
    destination: undefined,
    nextAttemptAtMs: undefined,
  };
};

/** A job's messages in memory, and the rows that match it. */
const sceneOf = (job: RedeliveryJob, rows: readonly EventRow[], malformed = 0) => {
  const messages = [job];
  const deps: RunJobDeps = {
    nats: streams.nats,
    due: { subjectOf: dueRetrySubject, allKnowEndpoints: () => true },
    rules: { types: { kind: "open" }, schema: "warn", isOwnType: () => false },
    now: () => NOW,
    endpointsSeenBy: () => new Set(),
    jobs: {
      read: async () => ({ job: messages.at(-1) ?? job, seq: messages.length }),
      append: async (next, lastSeq) => {
        if (lastSeq !== messages.length) return { kind: "conflict" };
        return { kind: "stored", seq: messages.push(next) };
      },
    },
    projection: {
      selectForRedelivery: async ({ after, limit }) =>
        rows.filter(({ seq }) => seq > (after?.seq ?? 0)).slice(0, limit),
      countMalformed: async () => malformed,
      appliedUpTo: () => 0,
      lag: () => ({ events: 0, attempts: 0, dead_letters: 0, total: 0 }),
    },
    mayGoOn: () => true,
    stopping: new AbortController().signal,
  };
  return { deps, messages };
};

/** The deliveries of a job that are due, by their ids. */
const dueOf = async (redeliveryId: string): Promise<string[]> => {
  const info = await streams.nats.jsm.streams.info(STREAMS.retries, {
    subjects_filter: DUE_RETRIES,
  });
  return Object.keys(info.state.subjects ?? {})
    .flatMap((subject) => parseDueRetrySubject(subject)?.deliveryId ?? [])
    .filter((id) => id.endsWith(`-${redeliveryId}`));
};

test("while there is no dispatcher a job starts nothing, and goes on once there is one", async () => {
  const row = await stored("first");
  const job = { ...JOB, redelivery_id: "r0" };
  const { deps, messages } = sceneOf(job, [row]);
  const running = runJob(job, deps);
  await streams.nats.jsm.consumers.add(STREAMS.retries, {
    durable_name: DISPATCHER_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    filter_subject: DUE_RETRIES,
  });
  expect(await running).toBe("done");
  expect(messages.at(-1)).toMatchObject({ state: "done", found: 1, sent: 1 });
});

test("a job counts, stores each batch before it starts, and skips what cannot be delivered", async () => {
  const rows = [await stored("c1"), await stored("c2"), await stored("c3", false)];
  const { deps, messages } = sceneOf(JOB, rows, 2);
  expect(await runJob(JOB, deps)).toBe("done");
  const skips = { malformed_subject: 2, invalid_event: 1 };
  expect(messages.at(-1)).toMatchObject({ state: "done", found: 5, sent: 2, skips, batch: null });
  expect(await dueOf("r1")).toEqual(rows.slice(0, 2).map(({ seq }) => `${seq}-r1`));
});

test("a process that goes on with a stored batch starts the same deliveries, each once", async () => {
  const rows = [await stored("d1"), await stored("d2")];
  const job = { ...JOB, redelivery_id: "r2" };
  const first = sceneOf(job, rows);
  // The first process stops after its batch is stored and started, and before the next message.
  let calls = 0;
  const append: RunJobDeps["jobs"]["append"] = async (next, lastSeq) => {
    calls += 1;
    return calls > 2 ? { kind: "conflict" } : first.deps.jobs.append(next, lastSeq);
  };
  const jobs = { ...first.deps.jobs, append };
  await runJob(job, { ...first.deps, jobs, mayGoOn: () => calls <= 2 });
  const [batch] = first.messages.slice(-1);
  expect(batch).toMatchObject({ batch: { starts: rows.map(({ seq }) => ({ seq })) } });
  const before = (await streams.nats.jsm.streams.info(STREAMS.retries)).state.messages;
  expect(await runJob(job, first.deps)).toBe("done");
  expect((await streams.nats.jsm.streams.info(STREAMS.retries)).state.messages).toBe(before);
  expect((await dueOf("r2")).toSorted()).toEqual(rows.map(({ seq }) => `${seq}-r2`));
});

test("a job that is to stop starts no more", async () => {
  const row = await stored("e1");
  const job = { ...JOB, redelivery_id: "r3", found: 1, stop_requested: true };
  const { deps, messages } = sceneOf(job, [row]);
  expect(await runJob(job, deps)).toBe("stopped");
  expect(messages.at(-1)).toMatchObject({ state: "stopped", sent: 0 });
  expect(await dueOf("r3")).toEqual([]);
});

test("a job that the projection does not know yet waits", async () => {
  const job = {
    ...JOB,
    redelivery_id: "r4",
    begins_after: { events: 9, attempts: 0, dead_letters: 0 },
  };
  const { deps, messages } = sceneOf(job, []);
  let checks = 0;
  const projection: RunJobDeps["projection"] = {
    ...deps.projection,
    appliedUpTo: () => (checks += 1) && (checks > 1 ? 9 : 8),
    lag: () => ({ events: 1, attempts: 0, dead_letters: 0, total: 1 }),
  };
  expect(await runJob(job, { ...deps, projection })).toBe("done");
  expect(checks).toBeGreaterThan(1);
  expect(messages).toHaveLength(3);
});

const [A, B] = [endpointId(1), endpointId(2)];

/** Given up at this destination. */
const givenUpAt = (row: EventRow, deliveryId: string): Promise<number> =>
  streams.attempt(row, { deliveryId, outcome: FAILED, next: { kind: "dead_letter" } });

test("a job sends an event with several destinations where its status holds, and stores where that is", async () => {
  const row = await stored("f1");
  const { seq, address } = row;
  const ids = [`${seq}`, `${seq}-${A}`, `${seq}-${B}`] as const;
  const deliveries = [
    { delivery_id: ids[0] },
    { delivery_id: ids[1], endpoint_id: A },
    { delivery_id: ids[2], endpoint_id: B },
  ];
  const set = { event_id: "e", event_seq: seq, at: NOW.toISOString(), deliveries };
  await streams.nats.js.publish(fanOutSubject(address, seq), JSON.stringify(set));
  await streams.attempt(row, { deliveryId: ids[0] });
  await givenUpAt(row, ids[1]);
  await givenUpAt(row, ids[2]);
  const job = { ...JOB, redelivery_id: "r5", status: "dead_lettered" as const };
  const { deps, messages } = sceneOf(job, [row]);
  expect(await runJob(job, deps)).toBe("done");
  expect((await dueOf("r5")).toSorted()).toEqual([`${seq}-${A}-r5`, `${seq}-${B}-r5`]);
  expect(messages.at(-1)).toMatchObject({ found: 1, sent: 2, sent_events: 1 });
  const batches = messages.flatMap(({ batch }) => batch?.starts ?? []);
  expect(batches).toMatchObject([{ endpoint_id: A }, { endpoint_id: B }]);
});

test("a job starts nothing at endpoints while a dispatcher runs that knows none", async () => {
  const row = await stored("g1");
  await givenUpAt(row, `${row.seq}-${A}`);
  const job = { ...JOB, redelivery_id: "r6" };
  const { deps, messages } = sceneOf(job, [row]);
  let checks = 0;
  const due = { ...deps.due, allKnowEndpoints: () => (checks += 1) > 3 };
  expect(await runJob(job, { ...deps, due })).toBe("done");
  expect(checks).toBeGreaterThan(3);
  expect(await dueOf("r6")).toEqual([`${row.seq}-${A}-r6`]);
  expect(messages.at(-1)).toMatchObject({ sent: 1 });
});

test("a job for an endpoint waits for an event of which nobody knows where it goes", async () => {
  await storeEndpoint(streams.nats, A, {});
  const row = await stored("h1");
  const job = { ...JOB, redelivery_id: "r7", endpoint_id: A };
  const { deps, messages } = sceneOf(job, [row]);
  let reads = 0;
  const read: RunJobDeps["jobs"]["read"] = async (...of) => {
    // Where the event goes is known at last: it went to its agent's subscription alone.
    if ((reads += 1) === 3) await streams.attempt(row);
    return deps.jobs.read(...of);
  };
  expect(await runJob(job, { ...deps, jobs: { ...deps.jobs, read } })).toBe("done");
  expect(reads).toBeGreaterThan(2);
  expect(await dueOf("r7")).toEqual([`${row.seq}-${A}-r7`]);
  expect(messages.at(-1)).toMatchObject({ found: 1, sent: 1 });
});

test.each([
  ["is not there", B, null],
  ["was disabled", A, { switch: "disabled" }],
] as const)("a job for an endpoint that %s stops before its first batch", async (what, id, is) => {
  await storeEndpoint(streams.nats, id, is);
  const row = await stored(`i-${what.length}`);
  await streams.attempt(row);
  const job = { ...JOB, redelivery_id: `r8-${what.length}`, endpoint_id: id };
  const { deps, messages } = sceneOf(job, [row]);
  expect(await runJob(job, deps)).toBe("stopped");
  expect(messages.at(-1)).toMatchObject({ state: "stopped", sent: 0 });
  expect(await dueOf(job.redelivery_id)).toEqual([]);
});

test("a job for an endpoint looks through events of others, page by page, for those that it is for", async () => {
  await storeEndpoint(streams.nats, A, { agents: ["a2"] });
  const wanted = await stored("k1");
  await streams.attempt(wanted);
  const row = (seq: number): EventRow => ({ ...wanted, seq, storedAtMs: seq });
  const others = Array.from({ length: 2_500 }, (_, n) => row(n + 1));
  const own = { ...wanted, seq: 2_501, address: { ...wanted.address, agentId: "a2" } };
  const job = { ...JOB, redelivery_id: "r9", endpoint_id: A };
  const { deps, messages } = sceneOf(job, [...others, own]);
  expect(await runJob(job, deps)).toBe("done");
  // The event itself is gone.
  expect(messages.at(-1)).toMatchObject({ found: 1, sent: 0, skips: { expired: 1 } });
});

test("a job for an endpoint skips what its filter leaves out", async () => {
  const filter = '{"call_id":{"$startsWith":"l2"}}';
  await storeEndpoint(streams.nats, A, { filter });
  const rows = [await stored("l1"), await stored("l2")];
  for (const row of rows) await streams.attempt(row);
  const job = { ...JOB, redelivery_id: "r10", endpoint_id: A };
  const { deps, messages } = sceneOf(job, rows);
  expect(await runJob(job, deps)).toBe("done");
  expect(messages.at(-1)).toMatchObject({ found: 2, sent: 1, skips: { filtered: 1 } });
  expect(await dueOf("r10")).toEqual([`${rows[1]?.seq}-${A}-r10`]);
});
