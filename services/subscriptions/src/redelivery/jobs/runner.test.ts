import { AckPolicy } from "@nats-io/jetstream";
import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { eventMessage } from "@ringback/contracts/events/event";
import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { DISPATCHER_CONSUMER, DUE_RETRIES, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { dueForm } from "@ringback/runtime/streams/due-form";
import { readPage } from "@ringback/runtime/streams/read-batch";
import { lease } from "@ringback/runtime/streams/lease";
import { createLogger, type Logger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../../test/harness/eventually.ts";
import { withFailingCalls, type Fault } from "../../../../../test/harness/nats/failing-calls.ts";
import { keptLog } from "../../../../../test/harness/kept-log.ts";
import { failOnLeaks } from "../../../../../test/harness/process/leaks.ts";
import { FAILED, startStreams, type Streams } from "../../../../../test/lists/streams.ts";
import { sampleEvent } from "../../event-types/sample-event.ts";
import type { OpenProjection } from "../../projection/open-projection.ts";
import { followJobs } from "./job-index.ts";
import { jobStore } from "./job-store.ts";
import { startRedeliveryRunner } from "./runner.ts";

failOnLeaks();

const silent = createLogger("test", "fatal");

let streams: Streams;
let projection: OpenProjection;
beforeAll(async () => {
  streams = await startStreams();
  projection = await streams.project();
  await streams.nats.jsm.consumers.add(STREAMS.retries, {
    durable_name: DISPATCHER_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    filter_subject: DUE_RETRIES,
  });
});
afterAll(() => streams.stop());

/** Two events of a workspace that were given up, and the job that delivers them again, not yet run. */
const storedJob = async (workspaceId: string) => {
  const events: number[] = [];
  for (const callId of ["c1", "c2"]) {
    const address = { workspaceId, callId, agentId: "a1", eventType: "call_completed" };
    const { subject, body } = eventMessage({ ...address, body: sampleEvent(address) });
    const { seq } = await streams.nats.js.publish(subject, body);
    const ended = { outcome: FAILED, next: { kind: "dead_letter" } } as const;
    await streams.attempt({ seq, address }, ended);
    events.push(seq);
  }
  await eventually(async () => {
    const { rows } = await projection.events({
      workspaceId,
      statuses: ["dead_lettered"],
      limit: 10,
    });
    expect(rows).toHaveLength(2);
  });
  const at = new Date(Date.now() + 60_000).toISOString();
  const job: RedeliveryJob = {
    workspace_id: workspaceId,
    redelivery_id: `job-of-${workspaceId}`,
    since: "2020-01-01T00:00:00.000Z",
    until: at,
    status: "dead_lettered",
    rate_per_second: 1_000,
    created_at: at,
    updated_at: at,
    begins_after: { events: 0, attempts: 0, dead_letters: 0 },
    state: "running",
    stop_requested: false,
    found: null,
    sent: 0,
    cursor: null,
    batch: null,
  };
  expect(await jobStore(streams.nats).add(job, 0)).toMatchObject({ kind: "stored" });
  return { job, events };
};

const now = () => new Date();

/** A process that runs jobs over this client; it looks for jobs all the time, not once a second. */
const startProcess = (nats: Nats, log: Logger = silent) => {
  const index = followJobs({
    nats: streams.nats,
    onNew: () => undefined,
    onStreamLost: () => undefined,
    log,
  });
  const due = dueForm(streams.nats, log);
  const rules = { types: { kind: "open" }, schema: "warn", isOwnType: () => false } as const;
  const jobs = jobStore(nats);
  const runner = startRedeliveryRunner({
    nats,
    due,
    projection,
    rules,
    now,
    jobs,
    index,
    endpointsSeenBy: () => new Set<string>(),
    log,
  });
  const waking = setInterval(runner.wake, 10);
  return {
    index,
    stop: async () => {
      clearInterval(waking);
      await runner.stop();
      await index.stop();
      due.close();
      // As if the lease had run out: the next process need not wait for it.
      await streams.nats.jsm.streams.purge(STREAMS.leases);
    },
  };
};

const stateOf = async ({ workspace_id, redelivery_id }: RedeliveryJob) =>
  (await jobStore(streams.nats).read(workspace_id, redelivery_id))?.job;

/** The events whose deliveries a job has started, as often as it has. */
const startsOf = async ({ redelivery_id }: RedeliveryJob): Promise<number[]> => {
  const page = { filter: "retries.due.>", from: 1, size: 1_000 };
  const due = await readPage(streams.nats, STREAMS.retries, page);
  return due
    .filter(({ header }) => header.get("Ringback-Redelivery-Id") === redelivery_id)
    .map(({ header }) => Number(header.get("Ringback-Event-Seq")))
    .toSorted((a, b) => a - b);
};

const DONE = { state: "done", found: 2, sent: 2, batch: null };

test.each<Fault>(["before", "after"])(
  "a job starts each delivery once, whichever call fails %s the server carries it out",
  async (when) => {
    let isFailed = true;
    let failing = 0;
    while (isFailed) {
      failing += 1;
      const { job, events } = await storedJob(`${when}-${failing}`);
      isFailed = false;
      const failed = failing;
      const nats = withFailingCalls(streams.nats, (call) => {
        if (call !== failed) return undefined;
        isFailed = true;
        return when;
      });
      const runs = startProcess(nats);
      const what = `the job, after call ${failing} failed`;
      await eventually(async () => expect(await stateOf(job)).toMatchObject(DONE), { what });
      await runs.stop();
      expect([failing, await startsOf(job)]).toEqual([failing, events]);
    }
    // The lease, the job, the consumer twice, two events, two starts, three steps: each has failed.
    expect(failing).toBeGreaterThan(11);
  },
  120_000,
);

test("a process that does not have the lease runs nothing until it has it", async () => {
  const other = lease(streams.nats, LEASES.redelivery, 60_000);
  expect(await other.hold()).toBe(true);
  const { job, events } = await storedJob("leased");
  const runs = startProcess(streams.nats);
  await eventually(() => expect(runs.index.running()).toMatchObject([{ workspace_id: "leased" }]));
  let rounds = 0;
  const counting = withFailingCalls(streams.nats, () => {
    rounds += 1;
    return undefined;
  });
  const second = startProcess(counting);
  await eventually(() => rounds > 10, { what: "ten tries for the lease" });
  expect(await stateOf(job)).toEqual(job);
  await streams.nats.jsm.streams.purge(STREAMS.leases);
  await eventually(async () => expect(await stateOf(job)).toMatchObject(DONE));
  await Promise.all([runs.stop(), second.stop()]);
  expect(await startsOf(job)).toEqual(events);
});

test("a process that is stopped stores no further step, and another one goes on there", async () => {
  const { job, events } = await storedJob("stopped");
  let calls = 0;
  const stopped = Promise.withResolvers<void>();
  const first = startProcess(
    withFailingCalls(streams.nats, () => {
      calls += 1;
      // After the lease and the job were read: in the middle of its steps.
      if (calls === 6) stopped.resolve(first.stop());
      return undefined;
    }),
  );
  await stopped.promise;
  const left = await stateOf(job);
  expect(left).toMatchObject({ state: "running" });
  await eventually(async () => expect(await stateOf(job)).toEqual(left));
  const second = startProcess(streams.nats);
  await eventually(async () => expect(await stateOf(job)).toMatchObject(DONE));
  await second.stop();
  expect(await startsOf(job)).toEqual(events);
});

test("a job that waits for a server leaves a line that says whose it is", async () => {
  const { job } = await storedJob("waits");
  const { log, lines } = keptLog("info");
  const linesOf = (msg: string) =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["msg"] === msg);
  const isCutOff = () => linesOf("redelivery.taken").length > 0;
  const runs = startProcess(
    withFailingCalls(streams.nats, () =>
      isCutOff() && linesOf("redelivery.waiting").length === 0 ? "before" : undefined,
    ),
    log,
  );
  await eventually(async () => expect(await stateOf(job)).toMatchObject(DONE));
  await runs.stop();
  const { workspace_id, redelivery_id } = job;
  expect(linesOf("redelivery.waiting")).toMatchObject([{ workspace_id, redelivery_id }]);
});
