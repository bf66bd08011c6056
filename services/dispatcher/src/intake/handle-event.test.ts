import { expect, describe, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import {
  EVENT_BODY,
  faultsIn,
  handlerDeps,
  messageInFlight,
  responding,
  streamsInMemory,
  type Fault,
} from "../../../../test/harness/streams-in-memory.ts";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { handleEvent } from "./handle-event.ts";

const SUBJECT = eventSubject(ADDRESS);
const NONE = { delaysMs: [], jitter: 0 };

/** An event that is handled, with a fault, and then as often as its message comes again. */
const scene = (status: number, over: Parameters<typeof handlerDeps>[1] = {}) => {
  const streams = streamsInMemory();
  const endpoint = responding(status);
  const replies: string[] = [];
  const deps = handlerDeps(streams, { send: endpoint.send, ...over });
  const handle = async (deliveryCount: number, subject = SUBJECT, body = EVENT_BODY) => {
    const { inFlight } = messageInFlight(subject, body, deliveryCount, replies);
    await handleEvent(inFlight, deliveryCount > 1, deps);
    return replies.splice(0);
  };
  return { streams, endpoint, deps, handle, replies };
};

const withoutRetries = { ...handlerDeps(streamsInMemory()).operatorsPolicy, retry: NONE };

describe.each([
  ["that is delivered", 200, {}, 1, { kind: "done" }, 0, 0],
  ["that fails", 503, {}, 2, { kind: "retry", attempts_left: 1 }, 1, 0],
  [
    "that fails for the last time",
    503,
    { operatorsPolicy: withoutRetries },
    3,
    { kind: "dead_letter" },
    0,
    1,
  ],
] as const)("an event %s", (_what, status, over, calls, next, schedules, deadLetters) => {
  const isFinal = ({ records, ...kept }: ReturnType<typeof streamsInMemory>): void => {
    expect(records).toMatchObject([{ attempt: 1, next }]);
    expect([kept.schedules.size, kept.deadLetters.size]).toEqual([schedules, deadLetters]);
    expect(new Set(kept.published).size).toBe(deadLetters);
  };

  test("is recorded, has its next step stored, and is acknowledged last", async () => {
    const { streams, endpoint, handle } = scene(status, over);
    expect(await handle(1)).toEqual(["ack"]);
    expect(streams.calls()).toBe(calls);
    isFinal(streams);
    expect(endpoint.requests).toEqual(["1"]);
  });

  test.each(faultsIn(calls))(
    "is not acknowledged where storing fails $when call $call; the message that comes again ends it",
    async (fault: Fault) => {
      const { streams, endpoint, handle, replies } = scene(status, over);
      streams.fail(fault);
      await expect(handle(1)).rejects.toThrow("no reply");
      expect(replies).toEqual([]);
      streams.fail(undefined);
      expect(await handle(2)).toEqual(["ack"]);
      isFinal(streams);
      // Without its record nobody knows that the request was sent.
      const isRepeated = fault.call === 1 && fault.when === "before";
      expect(endpoint.requests).toEqual(isRepeated ? ["1", "1"] : ["1"]);
      expect(await handle(3)).toEqual(["ack"]);
      isFinal(streams);
    },
  );
});

describe("a message of EVENTS", () => {
  test.each([
    ["that is no JSON", SUBJECT, "{", "invalid_event"],
    ["of an unknown type", SUBJECT.replace("call_completed", "call_sung"), "{}", "invalid_event"],
  ])("%s is kept as a dead letter and acknowledged", async (_what, subject, body, reason) => {
    const { streams, endpoint, handle } = scene(200);
    expect(await handle(1, subject, new TextEncoder().encode(body))).toEqual(["ack"]);
    expect([...streams.deadLetters.values()]).toMatchObject([{ reason, event_seq: 7, subject }]);
    expect(endpoint.requests).toEqual([]);
  });

  test("without a subscription is acknowledged, and nothing is stored", async () => {
    const { streams, handle } = scene(200, { find: async () => undefined });
    expect(await handle(1)).toEqual(["ack"]);
    expect(streams.calls()).toBe(0);
  });

  test("whose retry waits already is acknowledged, and nothing is sent", async () => {
    const { streams, endpoint, handle } = scene(200);
    const retry = { address: ADDRESS, eventSeq: 7, deliveryId: "7", attempt: 1 };
    streams.schedules.set("7", { ...retry, dueMs: 1, deferrals: 1 });
    expect(await handle(2)).toEqual(["ack"]);
    expect(endpoint.requests).toEqual([]);
  });

  test("of a dispatcher that is stopping goes back at once, and nothing is sent", async () => {
    const { deps, endpoint, handle } = scene(200);
    deps.limiter.close();
    expect(await handle(1)).toEqual(["nak"]);
    expect(endpoint.requests).toEqual([]);
  });

  test("that another dispatcher recorded meanwhile is left alone", async () => {
    const { streams, deps } = scene(503);
    const { inFlight, replies } = messageInFlight(SUBJECT, EVENT_BODY);
    const both = [inFlight, messageInFlight(SUBJECT, EVENT_BODY).inFlight];
    await Promise.all(both.map((one) => handleEvent(one, false, deps)));
    expect(streams.records).toHaveLength(1);
    expect(streams.schedules.size).toBe(1);
    expect(replies.length).toBeLessThanOrEqual(1);
  });
});
