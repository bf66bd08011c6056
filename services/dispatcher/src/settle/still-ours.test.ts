import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { describe, expect, test } from "vitest";
import type { InHand } from "./in-flight.ts";
import { lastLook } from "./still-ours.ts";

const DELIVERY = {
  address: { workspaceId: "w1", callId: "c1", agentId: "a1", eventType: "call_completed" },
  deliveryId: "7",
} as const;

/** In hand, last heard of and last looked at so long ago. */
const handOf = (heardAgoMs: number, lookedAgoMs: number): InHand => {
  const nowMs = elapsedMs();
  const [heardMs, lookedMs] = [nowMs - heardAgoMs, nowMs - lookedAgoMs];
  return { heardMs, lookedMs, toldMs: heardMs, settled: false, bytes: 0 } as unknown as InHand;
};

/** ATTEMPTS with a last record of this sequence; counts how often it is asked. */
const journalWith = (seq: number) => {
  const asked: string[] = [];
  const readLastRecord = async (_at: unknown, deliveryId: string) => {
    asked.push(deliveryId);
    return { record: undefined, seq };
  };
  return { asked, journal: { readLastRecord } };
};

describe("right before its request a delivery", () => {
  test.each([
    ["is sent without a question when it did not wait", 10, 10, 4, { kind: "send" }, 0],
    ["is asked about when it waited", 2_000, 2_000, 4, { kind: "send" }, 1],
    [
      "is left when it waited and another has recorded something",
      2_000,
      2_000,
      5,
      { kind: "leave" },
      1,
    ],
    [
      "is left when the server has not heard of it for too long",
      13_000,
      10,
      4,
      { kind: "leave" },
      0,
    ],
  ] as const)("%s", async (_what, heardAgoMs, lookedAgoMs, lastSeq, expected, questions) => {
    const { asked, journal } = journalWith(lastSeq);
    expect(await lastLook(handOf(heardAgoMs, lookedAgoMs), DELIVERY, 4, journal)).toEqual(expected);
    expect(asked).toHaveLength(questions);
  });

  test("is left when the server does not hear of it while the question is answered", async () => {
    const hand = handOf(2_000, 2_000);
    const readLastRecord = async () => {
      hand.heardMs -= 20_000;
      return { record: undefined, seq: 0 };
    };
    expect(await lastLook(hand, DELIVERY, 0, { readLastRecord })).toEqual({ kind: "leave" });
  });

  test("is left when answers are too old whenever they come", async () => {
    const hand = handOf(10, 2_000);
    const readLastRecord = async () => {
      hand.lookedMs -= 2_000;
      return { record: undefined, seq: 0 };
    };
    expect(await lastLook(hand, DELIVERY, 0, { readLastRecord })).toEqual({ kind: "leave" });
  });
});
