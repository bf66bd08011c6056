import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { describe, expect, test } from "vitest";
import { stillOwned } from "./ownership.ts";

const DELIVERY = {
  address: { workspaceId: "w1", callId: "c1", agentId: "a1", eventType: "call_completed" },
  deliveryId: "7",
} as const;

/** A message last confirmed, and its record last read, so long ago. */
const inFlightOf = (confirmedAgoMs: number, readAgoMs: number) => {
  const nowMs = elapsedMs();
  return { confirmedMs: nowMs - confirmedAgoMs, recordReadMs: nowMs - readAgoMs };
};

/** ATTEMPTS with a last record of this sequence; counts the reads. */
const storeWith = (seq: number) => {
  const read: string[] = [];
  const readLastRecord = async (_at: unknown, deliveryId: string) => {
    read.push(deliveryId);
    return { record: undefined, seq };
  };
  return { read, store: { readLastRecord } };
};

describe("right before its request a delivery", () => {
  test.each([
    ["is sent without a read when it did not wait", 10, 10, 4, true, 0],
    ["has its record read when it waited", 2_000, 2_000, 4, true, 1],
    ["is left when it waited and another has recorded something", 2_000, 2_000, 5, false, 1],
    ["is left when the server has not heard of it for too long", 13_000, 10, 4, false, 0],
  ] as const)("%s", async (_what, confirmedAgoMs, readAgoMs, lastSeq, expected, reads) => {
    const { read, store } = storeWith(lastSeq);
    expect(await stillOwned(inFlightOf(confirmedAgoMs, readAgoMs), DELIVERY, 4, store)).toEqual(
      expected,
    );
    expect(read).toHaveLength(reads);
  });

  test("is left when the server does not hear of it while the record is read", async () => {
    const inFlight = inFlightOf(2_000, 2_000);
    const readLastRecord = async () => {
      inFlight.confirmedMs -= 20_000;
      return { record: undefined, seq: 0 };
    };
    expect(await stillOwned(inFlight, DELIVERY, 0, { readLastRecord })).toEqual(false);
  });

  test("is left when replies are too old whenever they come", async () => {
    const inFlight = inFlightOf(10, 2_000);
    const readLastRecord = async () => {
      inFlight.recordReadMs -= 2_000;
      return { record: undefined, seq: 0 };
    };
    expect(await stillOwned(inFlight, DELIVERY, 0, { readLastRecord })).toEqual(false);
  });
});
