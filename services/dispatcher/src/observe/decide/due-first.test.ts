import {
  DEFERRED_FOR,
  retryHeaders,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import { expect, test } from "vitest";
import { ADDRESS } from "../../../../../test/harness/fixtures/records.ts";
import { dueWaiting, firstOf } from "./due-first.ts";

const STORED_MS = 1_000_000;
const DUE_MS = 1_009_000;

const due = (more: Partial<RetryMessage> = {}) => {
  const ids = { address: ADDRESS, eventSeq: 7, deliveryId: "7" };
  const retry = { ...ids, attempt: 1, dueMs: DUE_MS, deferrals: 0, ...more };
  const found = new Map(retryHeaders(retry));
  return { time: new Date(DUE_MS), header: { get: (name: string) => found.get(name) ?? "" } };
};

test("of what is due, first attempts count from when their event was stored", () => {
  const read = [due({ storedAtMs: STORED_MS }), due({ attempt: 2 }), due()];
  const first = firstOf(read, 3, 256);
  expect(first).toEqual({ storedMs: [STORED_MS, DUE_MS], each: 1 });
  const at = dueWaiting(first, DUE_MS + 1_000);
  expect(at).toEqual({ waiting: 2, late: 1, oldestAtMs: STORED_MS });
});

test("redeliveries, test events and what its customer has wait are not counted", () => {
  const others = [due({ trigger: "redelivery" }), due({ trigger: "test" })];
  expect(firstOf(others, 2, 256).storedMs).toEqual([]);
  const counted = DEFERRED_FOR.filter(
    (deferredFor) => firstOf([due({ deferredFor })], 1, 256).storedMs.length === 1,
  );
  expect(counted).toEqual(DEFERRED_FOR.filter((one) => one !== "paused" && one !== "order"));
});

test("where not all was read, what was read stands for the others; what was taken meanwhile stands for nothing", () => {
  const read = [due({ storedAtMs: STORED_MS }), due({ attempt: 2 })];
  const ofMany = dueWaiting(firstOf(read, 1_000, 2), DUE_MS);
  expect(ofMany).toEqual({ waiting: 500, late: 500, oldestAtMs: STORED_MS });
  expect(firstOf(read, 3, 256).each).toBe(1);
  expect(dueWaiting(firstOf([], 1_000, 2), DUE_MS)).toEqual({
    waiting: 0,
    late: 0,
    oldestAtMs: undefined,
  });
});
