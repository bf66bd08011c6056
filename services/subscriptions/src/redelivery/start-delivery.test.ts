import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { retryMessage } from "../../../../test/harness/fixtures/records.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { withPublish } from "../../../../test/harness/nats/with-publish.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type StoredEvent, type Streams } from "../../../../test/lists/streams.ts";
import { pendingOf, schedule, storeEvent } from "../../../../test/redelivery/stored.ts";
import { bringForward, firstOfRedelivery, startRedelivery, wasStarted } from "./start-delivery.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const FAULTS: readonly Fault[] = ["before", "after"];
const NOW_MS = Date.parse("2026-01-01T00:00:00.000Z");
const LATER_MS = Date.parse("2099-01-01T00:00:00.000Z");

const due = { subjectOf: dueRetrySubject };
const depsOf = (nats: Nats = streams.nats) => ({ nats, due });

/** Fails the first call alone, or those that `isFaulty` says. */
const failing = (fault: Fault, isFaulty = (call: number): boolean => call === 1): Nats =>
  withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));

const waitingRetry = ({ seq, address }: StoredEvent) =>
  retryMessage({ address, eventSeq: seq, deliveryId: String(seq), dueMs: LATER_MS });

const forwardOf = ({ seq, address }: StoredEvent, countsAgainstSchedule = true) => ({
  address,
  deliveryId: String(seq),
  attempt: 2,
  countsAgainstSchedule,
});

const start = (event: StoredEvent): Promise<void> =>
  startRedelivery(depsOf(), firstOfRedelivery(event, `${event.seq}-r1`, NOW_MS));

describe("a redelivery", () => {
  test.each(FAULTS)(
    "whose start got no reply (%s) is started once by its repeat",
    async (fault) => {
      const event = await storeEvent(streams, { agentId: `start-${fault}` });
      const first = firstOfRedelivery(event, `${event.seq}-r1`, NOW_MS);
      await expect(startRedelivery(depsOf(failing(fault)), first)).rejects.toThrow("timeout");
      await startRedelivery(depsOf(), first);
      const pending = await pendingOf(streams, event.address.agentId);
      expect(pending).toEqual([{ state: "due", retry: expect.objectContaining(first) }]);
    },
  );

  test.each([
    ["is due", true, (event: StoredEvent) => start(event)],
    [
      "is scheduled again, deferred or after a failure",
      true,
      (event: StoredEvent) =>
        schedule(streams, { ...waitingRetry(event), deliveryId: `${event.seq}-r1` }),
    ],
    [
      "was attempted, and waits no more",
      true,
      (event: StoredEvent) => streams.attempt(event, { deliveryId: `${event.seq}-r1` }),
    ],
    ["was never stored", false, async () => undefined],
    [
      "was never stored, where another one of the event was",
      false,
      (event: StoredEvent) => streams.attempt(event, { deliveryId: `${event.seq}-r2` }),
    ],
  ])("that %s was started: %s", async (what, expected, prepare) => {
    const event = await storeEvent(streams, { agentId: `was-${what.replaceAll(/\W/g, "-")}` });
    await prepare(event);
    const delivery = { address: event.address, deliveryId: `${event.seq}-r1` };
    expect(await wasStarted(streams.nats, delivery)).toBe(expected);
  });

  test("is not taken for one that was never started where any of the reads gets no reply", async () => {
    const event = await storeEvent(streams, { agentId: "unread" });
    const delivery = { address: event.address, deliveryId: `${event.seq}-r1` };
    let calls = 0;
    await wasStarted(
      withFailingCalls(streams.nats, (call) => void (calls = call)),
      delivery,
    );
    expect(calls).toBeGreaterThan(3);
    for (let n = 1; n <= calls; n += 1) {
      const nats = failing("before", (call) => call === n);
      await expect(wasStarted(nats, delivery)).rejects.toThrow("timeout");
    }
  });
});

/** A client with which `act` happens between its latest read and each of its publishes. */
const withBeforePublish = (act: () => Promise<unknown>): Nats =>
  withPublish(streams.nats, async (publish, ...args) => {
    await act();
    return publish(...args);
  });

describe("a delivery that is brought forward", () => {
  test.each(FAULTS)(
    "waits or is due, never both and never neither, wherever a call fails (%s)",
    async (fault) => {
      let faults = 0;
      for (let n = 1; faults === n - 1; n += 1) {
        const agentId = `forward-${fault}-${n}`;
        const event = await storeEvent(streams, { agentId });
        await schedule(streams, waitingRetry(event));
        const nats = failing(fault, (call) => call === n && (faults += 1) > 0);
        const isForward = await bringForward(depsOf(nats), forwardOf(event), NOW_MS).catch(
          () => undefined,
        );
        const [pending, ...others] = await pendingOf(streams, agentId);
        expect([pending?.retry.attempt, others]).toEqual([2, []]);
        const isDue = pending?.state === "due";
        expect([undefined, isDue]).toContain(isForward);
        // The repeat brings it forward, unless the lost reply was that it has been.
        expect(await bringForward(depsOf(), forwardOf(event), NOW_MS)).toBe(!isDue);
        expect(await pendingOf(streams, agentId)).toMatchObject([
          { state: "due", retry: { dueMs: NOW_MS, trigger: "redelivery" } },
        ]);
      }
      expect(faults).toBe(2); // the read and the publish
    },
  );

  test("is the one that was deferred meanwhile, with what its latest schedule says", async () => {
    const event = await storeEvent(streams, { agentId: "deferred" });
    await schedule(streams, waitingRetry(event));
    let deferrals = 0;
    const nats = withBeforePublish(async () => {
      if (deferrals < 2)
        await schedule(streams, { ...waitingRetry(event), deferrals: ++deferrals });
    });
    expect(await bringForward(depsOf(nats), forwardOf(event), NOW_MS)).toBe(true);
    expect(await pendingOf(streams, "deferred")).toMatchObject([
      { state: "due", retry: { attempt: 2, deferrals: 2 } },
    ]);
  });

  test("is left alone when its schedule changes each time, after three tries", async () => {
    const event = await storeEvent(streams, { agentId: "restless" });
    await schedule(streams, waitingRetry(event));
    let deferrals = 0;
    const nats = withBeforePublish(() =>
      schedule(streams, { ...waitingRetry(event), deferrals: ++deferrals }),
    );
    expect(await bringForward(depsOf(nats), forwardOf(event), NOW_MS)).toBe(false);
    expect(deferrals).toBe(3);
    expect(await pendingOf(streams, "restless")).toMatchObject([
      { state: "scheduled", retry: { deferrals: 3 } },
    ]);
  });

  test("is left alone when the attempt that was meant is made meanwhile, and the next one waits", async () => {
    const event = await storeEvent(streams, { agentId: "gone-on" });
    await schedule(streams, waitingRetry(event));
    let changes = 0;
    const nats = withBeforePublish(async () => {
      if (++changes === 1) await schedule(streams, { ...waitingRetry(event), attempt: 3 });
    });
    expect(await bringForward(depsOf(nats), forwardOf(event), NOW_MS)).toBe(false);
    expect(await pendingOf(streams, "gone-on")).toMatchObject([
      { state: "scheduled", retry: { attempt: 3 } },
    ]);
  });

  test("is left alone when its schedule fires meanwhile", async () => {
    const event = await storeEvent(streams, { agentId: "fired" });
    await schedule(streams, waitingRetry(event));
    const nats = withBeforePublish(async () => {
      const subject = scheduledRetrySubject(event.address, String(event.seq));
      await streams.nats.jsm.streams.purge(STREAMS.retries, { filter: subject });
    });
    expect(await bringForward(depsOf(nats), forwardOf(event), NOW_MS)).toBe(false);
    expect(await pendingOf(streams, "fired")).toEqual([]);
  });

  test("is brought forward again once it waits again, as another message, and each extra attempt counts", async () => {
    const event = await storeEvent(streams, { agentId: "twice" });
    for (const extraAttempts of [1, 2]) {
      const earlier = extraAttempts === 1 ? {} : { extraAttempts: extraAttempts - 1 };
      await schedule(streams, { ...waitingRetry(event), ...earlier });
      expect(await bringForward(depsOf(), forwardOf(event, false), NOW_MS)).toBe(true);
      expect((await pendingOf(streams, "twice")).at(-1)).toMatchObject({
        state: "due",
        retry: { extraAttempts },
      });
    }
  });
});
