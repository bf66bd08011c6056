import { backoffMs } from "@ringback/runtime/process/backoff";
import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { recordedRequest, recordOf } from "./attempt-record.ts";
import type { Blocked } from "./decide/blocked.ts";
import { nextStep, type RetryPolicy } from "./decide/retry.ts";
import { postponeMs } from "./decide/postpone.ts";
import { schedulePositionOf, type Delivery } from "./delivery.ts";
import type { PlatformFault } from "../send/result.ts";
import type { DeliveryResult } from "./delivery-result.ts";

/** A platform fault: the same attempt again, later each time. */
export const postponed = (
  { deferrals }: Delivery,
  { fault, detail }: { readonly fault: PlatformFault; readonly detail: string },
  nowMs: number,
): DeliveryResult => ({ kind: "postponed", atMs: nowMs + postponeMs(deferrals), fault, detail });

/** How soon a delivery to a paused endpoint looks again: it holds no place meanwhile. */
const PAUSED_FIRST_MS = 10_000;
const PAUSED_MAX_MS = 60_000;

/** The endpoint is paused: the same attempt again later, which uses up none. */
export const paused = ({ deferrals }: Delivery, nowMs: number): DeliveryResult => ({
  kind: "deferred",
  atMs: nowMs + backoffMs(deferrals, PAUSED_FIRST_MS, PAUSED_MAX_MS),
  reason: "paused",
});

/** The subscription is gone: the delivery ends. */
export const cancelled = (delivery: Delivery, nowMs: number): DeliveryResult => ({
  kind: "attempted",
  record: recordOf(delivery, nowMs, { kind: "cancelled" }, { kind: "done" }),
});

/** The attempt fails without a connection. */
export const blockedAttempt = (
  delivery: Delivery,
  { subscription, blocked }: { readonly subscription: Subscription; readonly blocked: Blocked },
  retry: RetryPolicy,
  { now, random }: { readonly now: () => number; readonly random: () => number },
): DeliveryResult => {
  const atMs = now();
  const outcome: Outcome = { kind: "failed", ...blocked };
  const failure = { ...schedulePositionOf(delivery), outcome, atMs, random: random() };
  const next = nextStep(failure, retry);
  const request = recordedRequest(subscription);
  return { kind: "attempted", record: { ...recordOf(delivery, atMs, outcome, next), request } };
};
