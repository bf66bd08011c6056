import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { expect, test } from "vitest";
import { retryMessage } from "../../../../../test/harness/fixtures/records.ts";
import { decideRedeliver, type DeliverySnapshot } from "./redeliver.ts";

const ENDED: DeliverySnapshot = {
  isDue: false,
  waiting: undefined,
  isOpen: false,
  attemptsLeft: undefined,
  isRecorded: true,
  isAcknowledged: true,
};
const WAITING = retryMessage();

test.each<[string, Partial<DeliverySnapshot>, string]>([
  ["ended, delivered or given up, is delivered anew", {}, "new_run"],
  ["had no subscription is delivered anew", { isRecorded: false }, "new_run"],
  ["ended before events behind it is delivered anew", { isAcknowledged: false }, "new_run"],
  ["is not yet taken from EVENTS", { isRecorded: false, isAcknowledged: false }, "in_progress"],
  ["waits for a retry goes on now", { isOpen: true, waiting: WAITING }, "retry_now"],
  ["waits for a place goes on now", { isRecorded: false, waiting: WAITING }, "retry_now"],
  ["is due goes on by itself", { isDue: true }, "in_progress"],
  ["is due while another of it waits", { isDue: true, waiting: WAITING }, "in_progress"],
  ["is between record and schedule", { isOpen: true }, "in_progress"],
])("an event that %s", (_, snapshot, kind) => {
  expect(decideRedeliver({ ...ENDED, ...snapshot }, false).kind).toBe(kind);
});

test.each<[string, Partial<RetryMessage>, boolean, number | undefined, number | null]>([
  ["takes no place in the schedule", {}, false, 3, 3],
  ["takes one where that is asked for", {}, true, 3, 2],
  ["that was put off had come to its place", { deferrals: 1 }, false, 3, 2],
  ["that is the first was put off", { attempt: 1, deferrals: 1 }, false, undefined, null],
  ["of a version that did not tell", {}, false, undefined, null],
])("an attempt that is brought forward %s", (_, retry, counts, attemptsLeft, left) => {
  const snapshot = { ...ENDED, isOpen: true, waiting: { ...WAITING, ...retry }, attemptsLeft };
  expect(decideRedeliver(snapshot, counts)).toMatchObject({
    kind: "retry_now",
    attemptsLeft: left,
  });
});
