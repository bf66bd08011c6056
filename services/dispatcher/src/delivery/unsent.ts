import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { recordedRequest, recordOf } from "./attempt-record.ts";
import { type EffectivePolicy } from "./decide/policy.ts";
import { type Refusal } from "./decide/refusal.ts";
import { holdBackMs, nextStep } from "./decide/retry.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliverDeps } from "./deliver.ts";
import type { Turn } from "./delivery-result.ts";

/** Keys are missing or wrong here: the customer's attempts wait until somebody mends that. */
export const withoutKey = (
  delivery: Delivery,
  problems: readonly string[],
  deps: DeliverDeps,
): Turn => {
  const atMs = deps.now() + holdBackMs(delivery.deferrals);
  return { kind: "held_back", atMs, fault: "secret", detail: problems.join("; ") };
};

/** Nobody wants it any more: the delivery ends. */
export const cancelled = (delivery: Delivery, nowMs: number): Turn => ({
  kind: "attempted",
  record: recordOf(delivery, nowMs, { kind: "cancelled" }, { kind: "done" }),
});

/** The attempt fails without a connection. */
export const refused = (
  delivery: Delivery,
  subscription: Subscription,
  refusal: Refusal,
  { retry }: EffectivePolicy,
  { now, chance }: DeliverDeps,
): Turn => {
  const atMs = now();
  const outcome: Outcome = { kind: "failed", ...refusal };
  const next = nextStep({ ...placeOf(delivery), outcome, atMs, chance: chance() }, retry);
  const request = recordedRequest(subscription);
  return { kind: "attempted", record: { ...recordOf(delivery, atMs, outcome, next), request } };
};

/** What of a delivery says where in its schedule it is. */
export const placeOf = ({ attempt, extraAttempts, trigger }: Delivery) => ({
  attempt,
  extraAttempts,
  trigger,
});
