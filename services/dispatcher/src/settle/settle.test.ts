import { eventSubject } from "@ringback/contracts/streams/subjects";
import { describe, expect, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import {
  messageInFlight,
  NOW_MS,
  streamsInMemory,
} from "../../../../test/harness/streams-in-memory.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import { heldBody } from "../delivery/held-body.ts";
import { settleDeferred } from "./defer.ts";
import { settle } from "./settle.ts";

const DELIVERY: Delivery = {
  address: ADDRESS,
  eventSeq: 7,
  eventId: "evt_7",
  deliveryId: "7",
  storedAtMs: NOW_MS,
  body: heldBody(new Uint8Array(), async () => new Uint8Array()),
  attempt: 1,
  trigger: "event",
  dueMs: undefined,
  deferrals: 0,
};
const FAULT = { fault: "network", detail: "EHOSTUNREACH" } as const;
const AT_MS = NOW_MS + 30_000;

const settled = async (result: DeliveryResult, delivery = DELIVERY) => {
  const streams = streamsInMemory();
  const { inFlight, replies } = messageInFlight(eventSubject(ADDRESS));
  await settle({ inFlight, delivery, afterSeq: 0 }, result, streams.settleDeps);
  return { replies, settled: inFlight.settled, schedules: [...streams.schedules.values()] };
};

describe("a delivery", () => {
  test.each<[string, DeliveryResult, { replies: string[]; settled: boolean }]>([
    [
      "without a subscription is acknowledged",
      { kind: "no_subscription" },
      { replies: ["ack"], settled: true },
    ],
    [
      "that was not started goes back at once",
      { kind: "closed" },
      { replies: ["nak"], settled: true },
    ],
    [
      "that may be in work elsewhere is left alone",
      { kind: "not_owned" },
      { replies: [], settled: false },
    ],
  ])("%s", async (_what, result, expected) => {
    expect(await settled(result)).toEqual({ ...expected, schedules: [] });
  });

  test.each<[string, DeliveryResult]>([
    ["without a permit", { kind: "deferred", atMs: AT_MS, reason: "endpoint_busy" }],
    ["after a platform fault", { kind: "postponed", atMs: AT_MS, ...FAULT }],
  ])("%s is scheduled for the same attempt, then acknowledged", async (_what, result) => {
    const { replies, schedules } = await settled(result);
    expect(schedules).toMatchObject([{ deliveryId: "7", attempt: 1, dueMs: AT_MS, deferrals: 1 }]);
    expect(replies).toEqual(["ack"]);
  });

  test("keeps its trigger and since when errors are met when it is deferred", async () => {
    const streams = streamsInMemory();
    const { inFlight } = messageInFlight(eventSubject(ADDRESS));
    const kept = { trigger: "redelivery", postponedSinceMs: 5, redeliveryId: "r1" } as const;
    await settleDeferred(inFlight, { ...DELIVERY, ...kept }, AT_MS, streams.settleDeps);
    expect([...streams.schedules.values()]).toMatchObject([kept]);
  });

  test("is not acknowledged where its schedule cannot be stored", async () => {
    const streams = streamsInMemory();
    streams.fail({ call: 1, when: "before" });
    const { inFlight, replies } = messageInFlight(eventSubject(ADDRESS));
    const processed = { inFlight, delivery: DELIVERY, afterSeq: 0 };
    const deferred = { kind: "deferred", atMs: AT_MS, reason: "endpoint_busy" } as const;
    await expect(settle(processed, deferred, streams.settleDeps)).rejects.toThrow("no reply");
    expect(replies).toEqual([]);
  });
});
