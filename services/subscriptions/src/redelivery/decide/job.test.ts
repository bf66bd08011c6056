import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TO_AGENT } from "./destinations.ts";
import {
  batchSize,
  countsOf,
  nextBatch,
  waitAfterBatchMs,
  withStopRequested,
  type Selected,
} from "./job.ts";

const AT = "2026-01-01T00:00:00.000Z";
const LATER = "2026-01-01T00:00:01.000Z";

const JOB: RedeliveryJob = {
  redelivery_id: "r1",
  workspace_id: "w1",
  since: AT,
  until: AT,
  status: "dead_lettered",
  rate_per_second: 50,
  created_at: AT,
  updated_at: AT,
  begins_after: { events: 0, attempts: 0, dead_letters: 0 },
  state: "running",
  stop_requested: false,
  found: 3,
  sent: 0,
  cursor: null,
  batch: null,
};

const selected = (...seqs: number[]): Selected[] =>
  seqs.map((seq) => ({
    seq,
    call_id: `c${seq}`,
    agent_id: "a1",
    event_type: "call_completed",
    storedAtMs: seq * 10,
    to: [TO_AGENT],
  }));

describe("batches", () => {
  test("each is noted before it is started, and counted when the next one is", () => {
    const first = nextBatch(JOB, selected(1, 2), AT);
    expect(first).toMatchObject({ sent: 0, cursor: { at_ms: 20, seq: 2 }, state: "running" });
    expect(first.batch?.starts.map(({ seq }) => seq)).toEqual([1, 2]);
    const second = nextBatch(first, selected(3), LATER);
    expect(second).toMatchObject({ sent: 2, cursor: { at_ms: 30, seq: 3 }, updated_at: LATER });
    expect(nextBatch(second, [], LATER)).toMatchObject({ sent: 3, batch: null, state: "done" });
  });

  test("however they are cut, every event is started once and in order", () => {
    const batches = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 });
    fc.assert(
      fc.property(batches, (sizes) => {
        let [job, seq] = [JOB, 0];
        const started: number[] = [];
        for (const size of [...sizes, 0]) {
          const seqs = Array.from({ length: size }, () => (seq += 1));
          job = nextBatch(job, selected(...seqs), AT);
          started.push(...(job.batch?.starts ?? []).map((start) => start.seq));
        }
        expect(started).toEqual(Array.from({ length: seq }, (_, n) => n + 1));
        expect(job).toMatchObject({ state: "done", sent: seq });
      }),
    );
  });

  test.each([
    [1, 1],
    [3, 1],
    [50, 12],
    [400, 100],
    [1_000, 100],
  ])("at %d a second are of %d", (rate_per_second, size) => {
    expect(batchSize({ ...JOB, rate_per_second })).toBe(size);
  });

  test("keep the rate over the change from one process to another", () => {
    const job = nextBatch({ ...JOB, rate_per_second: 2 }, selected(1, 2, 3, 4), AT);
    const startedMs = Date.parse(AT);
    expect(waitAfterBatchMs(job, startedMs)).toBe(2_000);
    expect(waitAfterBatchMs(job, startedMs + 1_500)).toBe(500);
    expect(waitAfterBatchMs(job, startedMs + 9_000)).toBe(0);
    expect(waitAfterBatchMs(job, startedMs - 60_000)).toBe(2_000); // a clock that is behind
    expect(waitAfterBatchMs(JOB, startedMs)).toBe(0);
  });
});

describe("stopping", () => {
  test("between batches is the end", () => {
    expect(withStopRequested(JOB, LATER)).toMatchObject({ state: "stopped", stop_requested: true });
  });

  test("while a batch is started lets it be started, and nothing after it", () => {
    const job = withStopRequested(nextBatch(JOB, selected(1, 2), AT), LATER);
    expect(job).toMatchObject({ state: "running", stop_requested: true });
    const ended = nextBatch(job, selected(3), LATER);
    expect(ended).toMatchObject({ state: "stopped", sent: 2, batch: null });
  });
});

describe("counts", () => {
  test("are not known before the events were counted", () => {
    expect(countsOf({ ...JOB, found: null })).toEqual({
      found: null,
      sent: 0,
      skipped: 0,
      skipped_by_reason: {},
    });
  });

  test("hold what is being started, and call skipped what was not sent at the end", () => {
    const running = nextBatch(JOB, selected(1, 2), AT);
    expect(countsOf(running)).toEqual({ found: 3, sent: 2, skipped: 0, skipped_by_reason: {} });
    expect(countsOf(nextBatch(running, [], LATER))).toEqual({
      found: 3,
      sent: 2,
      skipped: 1,
      skipped_by_reason: { not_due: 1 },
    });
  });

  test("tell of what was looked at and not sent by its reason, at once", () => {
    const [one, two, three] = selected(1, 2, 3).map((event, n) =>
      n === 0 ? event : { ...event, skip: "invalid_event" as const },
    );
    const running = nextBatch(JOB, [one!, two!, three!], AT);
    expect(running.batch?.starts).toHaveLength(1);
    const counts = { found: 3, sent: 1, skipped: 2, skipped_by_reason: { invalid_event: 2 } };
    expect(countsOf(running)).toEqual(counts);
    expect(countsOf(nextBatch(running, [], LATER))).toEqual(counts);
  });

  test("grow with what came while the job ran", () => {
    const running = nextBatch({ ...JOB, found: 1 }, selected(1, 2), AT);
    expect(countsOf(nextBatch(running, [], LATER))).toEqual({
      found: 2,
      sent: 2,
      skipped: 0,
      skipped_by_reason: {},
    });
  });
});

const A = { endpointId: "ep_aaaaaaaaaaaaaaaa" };

describe("an event with several destinations", () => {
  const one = selected(1).map((event) => ({ ...event, to: [TO_AGENT, A] }));

  test("is a delivery for each, which say where they go", () => {
    const { batch } = nextBatch(JOB, one, AT);
    const event = { seq: 1, call_id: "c1", agent_id: "a1", event_type: "call_completed" };
    expect(batch?.starts).toEqual([event, { ...event, endpoint_id: A.endpointId }]);
  });

  test("counts as one event among those that matched", () => {
    const [first] = selected(2);
    const job = [...one, { ...first!, to: [] }];
    const batches = [job, selected(3), []];
    const done = batches.reduce((before, batch) => nextBatch(before, batch, AT), JOB);
    expect(done).toMatchObject({ state: "done", sent: 3, sent_events: 2 });
    expect(countsOf(done)).toMatchObject({
      found: 3,
      sent: 3,
      skipped: 1,
      skipped_by_reason: { not_due: 1 },
    });
  });
});
