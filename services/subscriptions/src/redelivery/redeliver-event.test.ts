import { randomUUIDv7 } from "node:crypto";
import { eventId } from "@ringback/contracts/events/event";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { retryMessage } from "../../../../test/harness/fixtures/records.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { withPublish } from "../../../../test/harness/nats/with-publish.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import {
  FAILED,
  startStreams,
  type StoredEvent,
  type Streams,
} from "../../../../test/lists/streams.ts";
import { pendingOf, schedule, storeEvent } from "../../../../test/redelivery/stored.ts";
import { requestStore } from "../idempotency/request-store.ts";
import { redeliverEvent } from "./redeliver-event.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const LATER_MS = Date.parse("2099-01-01T00:00:00.000Z");
const FAULTS: readonly Fault[] = ["before", "after"];

const depsOf = (nats: Nats = streams.nats): Parameters<typeof redeliverEvent>[1] => ({
  nats,
  due: { subjectOf: dueRetrySubject },
  eventsCreatedMs: streams.created.get(STREAMS.events) ?? 0,
  rules: { types: { kind: "open" }, schema: "warn", isOwnType: () => false },
  now: () => new Date("2026-01-01T00:00:00.000Z"),
  requests: requestStore(nats, { admitKey: () => undefined }),
});

let keys = 0;
/** A request for this event, with a key of its own unless it is to have none. */
const requestFor = ({ seq }: StoredEvent, isKeyed = true) => {
  keys += 1;
  const keyHash = String(keys).padStart(64, "a");
  return {
    workspaceId: "w1",
    eventId: eventId(streams.created.get(STREAMS.events) ?? 0, seq),
    countsAgainstSchedule: true,
    key: isKeyed ? { keyHash, requestHash: "b".repeat(64) } : undefined,
  };
};

/** An event that was delivered: it can be delivered again. */
const delivered = async (agentId: string): Promise<StoredEvent> => {
  const event = await storeEvent(streams, { agentId });
  await streams.attempt(event);
  return event;
};

/** An event whose first attempt failed, and whose second one waits. */
const waiting = async (agentId: string): Promise<StoredEvent> => {
  const event = await storeEvent(streams, { agentId });
  const at = new Date(LATER_MS).toISOString();
  await streams.attempt(event, { outcome: FAILED, next: { kind: "retry", at, attempts_left: 3 } });
  await schedule(streams, retryOf(event));
  return event;
};

const retryOf = ({ seq, address }: StoredEvent, attempt = 2) =>
  retryMessage({ address, eventSeq: seq, deliveryId: String(seq), attempt, dueMs: LATER_MS });

describe.each([
  ["that was delivered", delivered, { mode: "redelivery", attempt: 1 }],
  ["that waits", waiting, { mode: "retry_now", attempt: 2 }],
])("an event %s, with an Idempotency-Key", (_what, prepare, decided) => {
  test.each(FAULTS)(
    "is delivered once, whichever call gets no reply (%s), when the request is repeated",
    async (fault) => {
      let faults = 0;
      for (let n = 1; faults === n - 1; n += 1) {
        const event = await prepare(`${decided.mode}-${fault}-${n}`);
        const request = requestFor(event);
        const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
        const nats = withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));
        const first = await redeliverEvent(request, depsOf(nats)).catch(() => undefined);
        const second = await redeliverEvent(request, depsOf());
        expect(second).toMatchObject({ kind: "decided", decided });
        expect([undefined, "decided"]).toContain(first?.kind);
        const pending = await pendingOf(streams, event.address.agentId);
        expect(pending).toMatchObject([
          { state: "due", retry: { attempt: decided.attempt, trigger: "redelivery" } },
        ]);
        const [delivery] = pending;
        expect(second).toMatchObject({ decided: { delivery_id: delivery?.retry.deliveryId } });
      }
      // The event, the key, four or more of its deliveries, the decision, the delivery.
      expect(faults).toBeGreaterThan(6);
    },
  );
});

describe("a repeat with the same key", () => {
  test("starts nothing when the delivery has ended, and the server has forgotten its message", async () => {
    const event = await delivered("forgotten");
    const request = requestFor(event);
    const first = await redeliverEvent(request, depsOf());
    const [started] = await pendingOf(streams, "forgotten");
    // The delivery was made, and its message acknowledged.
    await streams.attempt(event, { deliveryId: started?.retry.deliveryId ?? "" });
    await streams.nats.jsm.streams.purge(STREAMS.retries);
    expect(await redeliverEvent(request, depsOf(forgetful()))).toMatchObject({
      ...first,
      isRepeat: true,
    });
    expect(await pendingOf(streams, "forgotten")).toEqual([]);
  });

  test("does not bring the next attempt forward when the one that was meant has been made", async () => {
    const event = await waiting("moved-on");
    const request = requestFor(event);
    const first = await redeliverEvent(request, depsOf());
    await streams.nats.jsm.streams.purge(STREAMS.retries);
    await schedule(streams, retryOf(event, 3));
    expect(await redeliverEvent(request, depsOf())).toMatchObject({ ...first, isRepeat: true });
    expect(await pendingOf(streams, "moved-on")).toMatchObject([
      { state: "scheduled", retry: { attempt: 3 } },
    ]);
  });
});

/** A client of a server that has forgotten which message ids it has seen. */
const forgetful = (): Nats =>
  withPublish(streams.nats, (publish, subject, body, options) =>
    publish(subject, body, { ...options, msgID: randomUUIDv7() }),
  );

/** The schedule fires when the delivery is about to be brought forward, and the attempt is made. */
const firing = (): Nats =>
  withPublish(streams.nats, async (publish, subject, ...rest) => {
    if (subject.startsWith("retries.")) await streams.nats.jsm.streams.purge(STREAMS.retries);
    return publish(subject, ...rest);
  });

describe("an event whose retry fires between the decision and its effect", () => {
  test("is in progress where the request has no key: it was not this request that sent it", async () => {
    const event = await waiting("fires-unkeyed");
    expect(await redeliverEvent(requestFor(event, false), depsOf(firing()))).toEqual({
      kind: "rejected",
      rejection: { kind: "delivery_in_progress" },
    });
  });

  test("is decided where it has one: the decision is stored, and its attempt is made", async () => {
    const event = await waiting("fires-keyed");
    const request = requestFor(event);
    expect(await redeliverEvent(request, depsOf(firing()))).toMatchObject({
      kind: "decided",
      decided: { mode: "retry_now", delivery_id: String(event.seq), attempt: 2 },
    });
    expect(await pendingOf(streams, "fires-keyed")).toEqual([]);
  });
});
