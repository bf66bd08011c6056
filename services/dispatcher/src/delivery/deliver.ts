import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { FoundDestination } from "@ringback/contracts/endpoints/destination";
import { openSubscription, type Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { withLiveKeys } from "@ringback/contracts/agents/subscription";
import { recordedRequest, recordedResponse, recordOf } from "./attempt-record.ts";
import { endpointSignals } from "./decide/endpoint-signal.ts";
import { orderedFor, type OrderDecision, type OrderedDestination } from "./decide/order.ts";
import { effectivePolicy, type EffectivePolicy } from "./decide/policy.ts";
import { outcomeOf } from "./decide/outcome.ts";
import { blockedBy } from "./decide/blocked.ts";
import { destinationOf, type Destination } from "./decide/request.ts";
import { retryAfterOf } from "./decide/retry-after.ts";
import { MAX_RETRY_AFTER_MS, nextStep } from "./decide/retry.ts";
import { limitedBy, shareOfLimits } from "../limits/decide/subscription-share.ts";
import { comesFromEvents, schedulePositionOf, type Delivery } from "./delivery.ts";
import type { Limiter, PermitResult } from "../limits/limiter.ts";
import { outgoingRequest } from "./outgoing-request.ts";
import type { NetworkOutageDetector } from "../send/network-outage.ts";
import type { OutgoingRequest } from "../send/request.ts";
import type { SendResult } from "../send/result.ts";
import type { Sent } from "../send/send.ts";
import type { DeliveryContext, DeliveryResult } from "./delivery-result.ts";
import {
  NOT_SENT,
  startAttempt,
  type Attempt,
  type StartDeps,
  type Started,
} from "./start-attempt.ts";
import { blockedAttempt, cancelled, paused, postponed } from "./nothing-sent.ts";

export type DeliverDeps = StartDeps & {
  /** Opens the subscription's secrets, which stay sealed until they are used. */
  readonly sealer: Pick<Sealer, "open">;
  /** Which URLs may be sent to. Checked again here: settings may have changed since the subscription was stored. */
  readonly urlPolicy: CallbackUrlPolicy;
  /** Of destinations that keep the order of a call's events. */
  readonly ordering: {
    readonly check: (delivery: Delivery, to: OrderedDestination) => Promise<OrderDecision>;
  };
  readonly send: (request: OutgoingRequest) => Promise<Sent>;
  readonly limiter: Limiter;
  readonly detectNetworkOutage: NetworkOutageDetector;
  /** The defaults of what a subscription may set. */
  readonly operatorsPolicy: EffectivePolicy;
  /** How many dispatchers share the limits of a subscription, this one included. */
  readonly dispatchers: () => number;
  readonly userAgent: string;
  /** In [0, 1). */
  readonly random: () => number;
};

/** One attempt, top to bottom: find → order → open → decide → permit → sign → send → outcome. Stores nothing. */
export const deliver = async (
  delivery: Delivery,
  deps: DeliverDeps,
  context: DeliveryContext = {},
): Promise<DeliveryResult> => {
  const found = await deps.find(delivery);
  if (found === undefined) {
    return comesFromEvents(delivery)
      ? { kind: "no_subscription" }
      : cancelled(delivery, deps.now());
  }
  return deliverTo(found, { ...delivery, uid: found.uid }, deps, context);
};

const deliverTo = async (
  found: FoundDestination,
  delivery: Delivery,
  deps: DeliverDeps,
  context: DeliveryContext,
): Promise<DeliveryResult> => {
  if (found.isPaused === true && delivery.trigger !== "test") return paused(delivery, deps.now());
  const ordered = orderedFor(found, delivery);
  if (ordered === undefined) return openAndAttempt(found, delivery, deps, context);
  const order = await deps.ordering.check(delivery, ordered);
  if (order.kind === "wait") {
    const { atMs, waitsFor } = order;
    return { kind: "deferred", atMs, reason: "order", waitsFor };
  }
  const isOutOfOrder = order.kind === "go_out_of_order";
  return openAndAttempt(found, { ...delivery, isOrdered: true, isOutOfOrder }, deps, context);
};

const openAndAttempt = async (
  found: FoundDestination,
  delivery: Delivery,
  deps: DeliverDeps,
  context: DeliveryContext,
): Promise<DeliveryResult> => {
  const live = withLiveKeys(found.subscription, deps.now()); // a key that has expired may be gone with its sealing key
  const { subscription, problems } = openSubscription(found.owner, live, deps.sealer);
  if (problems.length > 0) {
    // Keys are missing or wrong here: the customer's attempts wait until an operator mends that.
    return postponed(delivery, { fault: "secret", detail: problems.join("; ") }, deps.now());
  }
  const policy = effectivePolicy(subscription.delivery, deps.operatorsPolicy);
  const blocked = blockedBy(subscription, deps.urlPolicy);
  if (blocked !== undefined)
    return blockedAttempt(delivery, { subscription, blocked }, policy.retry, deps);
  context.readingLock?.release();
  const permit = await permitFor(destinationOf(subscription.callback_url), delivery, policy, deps);
  if (permit.kind === "closed") return permit;
  if (permit.kind === "deferred") {
    // Schedules go by the wall clock, which the limiter does not know.
    const { reason, afterMs } = permit;
    return { kind: "deferred", atMs: Math.ceil(deps.now() + afterMs), reason };
  }

  const attempt = { delivery, found, subscription, policy, permit };
  const start = await startAttempt(attempt, context, deps);
  if (start.kind === "not_owned") return start;
  if (start.kind === "changed") return deliver(delivery, deps, context);
  let result: DeliveryResult | undefined;
  try {
    result = await finishAttempt(attempt, start, context, deps);
    return result;
  } finally {
    start.trace?.end(result);
  }
};

const finishAttempt = async (
  { delivery, subscription, policy, permit }: Attempt,
  { startedMs, checkedMs, trace }: Started,
  { readingLock }: DeliveryContext,
  deps: DeliverDeps,
): Promise<DeliveryResult> => {
  const { timeoutMs } = policy;
  const times = { startedMs, checkedMs, timeoutMs };
  const made = { delivery, subscription, ...times, traceHeaders: trace?.headers };
  const retryAfterIn = (result: SendResult): number | undefined =>
    policy.retryAfter === "honour" ? retryAfterOf(result, deps.now()) : undefined;
  const release = (result: SendResult): void =>
    permit.release({
      ...endpointSignals(result),
      retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, retryAfterIn(result) ?? 0),
    });
  let sent: Sent;
  try {
    const sending = deps.send(await outgoingRequest(made, deps.userAgent, permit.bodySent));
    readingLock?.release(); // what a response may cost is bounded where it is read
    sent = await sending;
  } catch (error) {
    release(NOT_SENT);
    throw error;
  }
  // Until then a socket is held.
  void sent.released.finally(() => release(sent.result));
  const { origin } = destinationOf(subscription.callback_url);
  const { workspaceId } = delivery.address;
  const result = deps.detectNetworkOutage({ workspaceId, origin }, sent.result);
  const atMs = deps.now();
  if (result.kind === "platform_fault") return postponed(delivery, result, atMs);
  const outcome = outcomeOf(result, policy.isSuccess);
  const scheduled = { atMs, random: deps.random(), retryAfterMs: retryAfterIn(result) };
  const failure = { ...schedulePositionOf(delivery), outcome, ...scheduled };
  const record = {
    ...recordOf(delivery, startedMs, outcome, nextStep(failure, policy.retry)),
    duration_ms: result.durationMs,
    request: recordedRequest(subscription),
    ...recordedResponse(result, subscription),
    ...(result.resent === true ? { resent: true as const } : {}),
  };
  return { kind: "attempted", record };
};

/** A permit for the attempt, or when to try for one again. */
const permitFor = (
  to: Destination,
  { address, deliveryId, deferrals, body }: Delivery,
  policy: EffectivePolicy,
  { limiter, dispatchers }: DeliverDeps,
): Promise<PermitResult> => {
  const limits = shareOfLimits(limitedBy(address, deliveryId), policy, dispatchers());
  const { workspaceId } = address;
  const bytes = body.byteLength;
  const { timeoutMs } = policy;
  return limiter.acquire({ workspaceId, ...to, deferrals, timeoutMs, limits, bytes });
};
