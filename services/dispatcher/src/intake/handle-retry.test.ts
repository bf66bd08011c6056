import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { describe, expect, test } from "vitest";
import { ADDRESS, attemptRecord, retryMessage } from "../../../../test/harness/fixtures/records.ts";
import {
  faultsIn,
  handlerDeps,
  messageInFlight,
  NOW_MS,
  responding,
  streamsInMemory,
} from "../../../../test/harness/streams-in-memory.ts";
import { handleRetry, handleUnreadableRetry } from "./handle-retry.ts";

const SUBJECT = dueRetrySubject(ADDRESS, "7");
const RETRY = retryMessage({ dueMs: NOW_MS - 5, deferrals: 3 });
const FIRST = attemptRecord({
  event_id: "evt_7",
  outcome: { kind: "failed", reason: "timeout" },
  next: { kind: "retry", at: "2026-01-01T00:00:10.000Z", attempts_left: 1 },
});
const SECOND = { ...FIRST, attempt: 2, trigger: "retry" } as const;

/** A delivery whose attempts so far have these records, and a retry of it that is due. */
const scene = (records: readonly AttemptRecord[] = [FIRST], status = 503) => {
  const streams = streamsInMemory();
  streams.records.push(...records);
  const endpoint = responding(status);
  const replies: string[] = [];
  const deps = handlerDeps(streams, { send: endpoint.send });
  const handle = async (retry: RetryMessage = RETRY, deliveryCount = 1) => {
    const { inFlight } = messageInFlight(SUBJECT, undefined, deliveryCount, replies);
    await handleRetry(inFlight, retry, deliveryCount > 1, deps);
    return replies.splice(0);
  };
  return { streams, endpoint, deps, handle, replies };
};

describe("a retry", () => {
  test("is attempted after the record of the attempt before; the last one leaves a dead letter", async () => {
    const { streams, endpoint, handle } = scene();
    expect(await handle()).toEqual(["ack"]);
    expect(endpoint.requests).toEqual(["2"]);
    expect(streams.records.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect([...streams.deadLetters.keys()]).toEqual(["evt_7:exhausted:2"]);
    expect(streams.calls()).toBe(5); // the event, the last record; the new one, its dead letter, its notice
  });

  test.each(faultsIn(5))(
    "is not acknowledged where a call fails ($when call $call); the message that comes again ends it",
    async (fault) => {
      const { streams, handle, replies } = scene();
      streams.fail(fault);
      await expect(handle()).rejects.toThrow("no reply");
      expect(replies).toEqual([]);
      streams.fail(undefined);
      expect(await handle(RETRY, 2)).toEqual(["ack"]);
      expect(streams.records.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect([...streams.deadLetters.keys()]).toEqual(["evt_7:exhausted:2"]);
      expect(new Set(streams.published)).toEqual(new Set(["exhausted 7"]));
    },
  );

  test.each([
    [
      "recorded before: its next step is stored",
      [FIRST, { ...SECOND, next: { ...FIRST.next, at: "2026-01-01T00:01:00.000Z" } }],
      1,
      0,
    ],
    [
      "recorded before as the last one: its dead letter is stored",
      [FIRST, { ...SECOND, next: { kind: "dead_letter" } }],
      0,
      1,
    ],
    [
      "recorded before and done: nothing is stored",
      [FIRST, { ...SECOND, next: { kind: "done" } }],
      0,
      0,
    ],
  ] as const)(
    "whose attempt was %s, and nothing is sent",
    async (_what, records, schedules, letters) => {
      const { streams, endpoint, handle } = scene(records);
      expect(await handle()).toEqual(["ack"]);
      expect(endpoint.requests).toEqual([]);
      expect([streams.schedules.size, streams.deadLetters.size]).toEqual([schedules, letters]);
    },
  );

  test("whose event is gone is kept as a dead letter with the last attempt", async () => {
    const { streams, endpoint, handle } = scene();
    streams.dropEvents();
    expect(await handle()).toEqual(["ack"]);
    expect([...streams.deadLetters]).toMatchObject([
      ["evt_7:event_expired:0", { event_id: "evt_7", last_attempt: { attempt: 1 } }],
    ]);
    expect(endpoint.requests).toEqual([]);
  });

  test("of a test event that is gone is acknowledged, and nothing is stored", async () => {
    const { streams, handle } = scene([]);
    streams.dropEvents();
    expect(await handle({ ...RETRY, attempt: 1, trigger: "test" })).toEqual(["ack"]);
    expect(streams.deadLetters.size).toBe(0);
  });

  test("that is early by this machine's clock is scheduled as it was", async () => {
    const { streams, endpoint, handle } = scene();
    const early = { ...RETRY, dueMs: NOW_MS + 60_000 };
    expect(await handle(early)).toEqual(["ack"]);
    expect(streams.schedules.get("7")).toMatchObject({
      attempt: 2,
      dueMs: early.dueMs,
      deferrals: 3,
    });
    expect(endpoint.requests).toEqual([]);
  });
});

test("a retry that cannot be parsed is kept as a dead letter with what its subject says", async () => {
  const { streams, deps } = scene();
  const { inFlight, replies } = messageInFlight(SUBJECT);
  await handleUnreadableRetry(inFlight, "no attempt", deps);
  expect(replies).toEqual(["ack"]);
  expect([...streams.deadLetters.values()]).toMatchObject([
    { reason: "internal", agent_id: "a1", workspace_id: "w1", subject: SUBJECT },
  ]);
});

test("an event that expires again, as its retry was published again, is counted once", async () => {
  const { streams, deps, handle } = scene();
  streams.dropEvents();
  for (let n = 0; n < 3; n += 1) expect(await handle()).toEqual(["ack"]);
  expect([...streams.deadLetters.keys()]).toEqual(["evt_7:event_expired:0"]);
  const { values } = await deps.metrics.deadLetters.get();
  const expired = values.filter(({ labels }) => labels.reason === "event_expired");
  expect(expired.reduce((sum, { value }) => sum + value, 0)).toBe(1);
});

test("a last attempt that was recorded and dead-lettered before changes no counter", async () => {
  const { streams, deps, handle } = scene([FIRST, { ...SECOND, next: { kind: "dead_letter" } }]);
  for (let n = 0; n < 3; n += 1) expect(await handle(RETRY, 2)).toEqual(["ack"]);
  expect(streams.deadLetters.size).toBe(1);
  const { values } = await deps.metrics.deadLetters.get();
  expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(1);
});
