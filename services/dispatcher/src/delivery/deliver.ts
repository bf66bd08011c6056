import { isDeepStrictEqual } from "node:util";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import type { EventAddress } from "@ringback/contracts/events/event";
import {
  openSubscription,
  subscriptionOwner,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import { withLiveKeys } from "@ringback/contracts/agents/subscription";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { recordedRequest, recordedResponse, recordOf } from "./attempt-record.ts";
import { endpointSignals } from "./decide/endpoint-signal.ts";
import { effectivePolicy, type EffectivePolicy } from "./decide/policy.ts";
import { outcomeOf } from "./decide/outcome.ts";
import { blockedBy } from "./decide/blocked.ts";
import { destinationOf, type Destination } from "./decide/request.ts";
import { retryAfterOf } from "./decide/retry-after.ts";
import { MAX_RETRY_AFTER_MS, nextStep } from "./decide/retry.ts";
import { shareOfLimits } from "../limits/decide/subscription-share.ts";
import { comesFromEvents, schedulePositionOf, type Delivery } from "./delivery.ts";
import type { Limiter, PermitResult } from "../limits/limiter.ts";
import type { Permit } from "../limits/permits.ts";
import { outgoingRequest } from "./outgoing-request.ts";
import type { NetworkOutageDetector } from "../send/network-outage.ts";
import type { OutgoingRequest } from "../send/request.ts";
import type { SendResult } from "../send/result.ts";
import type { Sent } from "../send/send.ts";
import type { DeliveryContext, DeliveryResult } from "./delivery-result.ts";
import { blockedAttempt, cancelled, postponed } from "./nothing-sent.ts";

/** One attempt's span. */
type AttemptTrace = {
  /** What the endpoint gets of the trace. */
  readonly headers: Readonly<Record<string, string>>;
  /** Call once; without a result: the attempt threw. */
  readonly end: (result: DeliveryResult | undefined) => void;
};

export type TraceAttempt = (
  delivery: Delivery,
  subscription: Subscription,
  parent: TraceContext | undefined,
) => AttemptTrace;

export type DeliverDeps = {
  /** The subscription as it is now; throws where the stream does not reply. */
  readonly find: (address: EventAddress) => Promise<Subscription | undefined>;
  /** Opens the subscription's secrets, which stay sealed until they are used. */
  readonly sealer: Pick<Sealer, "open">;
  /** Which URLs may be sent to. Checked again here: settings may have changed since the subscription was stored. */
  readonly urlPolicy: CallbackUrlPolicy;
  readonly send: (request: OutgoingRequest) => Promise<Sent>;
  readonly limiter: Limiter;
  readonly detectNetworkOutage: NetworkOutageDetector;
  /** The defaults of what a subscription may set. */
  readonly operatorsPolicy: EffectivePolicy;
  /** How many dispatchers share the limits of a subscription, this one included. */
  readonly dispatchers: () => number;
  readonly userAgent: string;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when an attempt starts: delay and lateness are measured to it. */
  readonly onStart: (delivery: Delivery, startedMs: number) => void;
  /** Where attempts are traced. */
  readonly traceAttempt?: TraceAttempt | undefined;
};

/** One attempt, top to bottom: find → open → decide → permit → sign → send → outcome. Stores nothing. */
export const deliver = async (
  delivery: Delivery,
  deps: DeliverDeps,
  context: DeliveryContext = {},
): Promise<DeliveryResult> => {
  const stored = await deps.find(delivery.address);
  if (stored === undefined) {
    return comesFromEvents(delivery)
      ? { kind: "no_subscription" }
      : cancelled(delivery, deps.now());
  }
  const live = withLiveKeys(stored, deps.now()); // a key that has expired may be gone with its sealing key
  const { subscription, problems } = openSubscription(
    subscriptionOwner(delivery.address, delivery.address.eventType),
    live,
    deps.sealer,
  );
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

  const attempt = { delivery, stored, subscription, policy, permit };
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

/** An attempt that has its permit. */
type Attempt = {
  readonly delivery: Delivery;
  /** The subscription as it was found, and with its secrets opened. */
  readonly stored: Subscription;
  readonly subscription: Subscription;
  readonly policy: EffectivePolicy;
  readonly permit: Permit;
};

type Started = {
  readonly kind: "started";
  readonly startedMs: number;
  /** When it was known last that this process has the message, by `elapsedMs()`. */
  readonly checkedMs: number;
  readonly trace: AttemptTrace | undefined;
};

/** Says nothing of the endpoint. */
const NOT_SENT = { kind: "platform_fault", fault: "unexpected", detail: "not sent" } as const;

/** The last checks between permit and request; releases the permit unless the attempt starts. */
const startAttempt = async (
  { delivery, stored, subscription, permit }: Attempt,
  { parent, stillOwned, readingLock }: DeliveryContext,
  deps: DeliverDeps,
): Promise<Started | { readonly kind: "not_owned" } | { readonly kind: "changed" }> => {
  let started: Started | undefined;
  try {
    await readingLock?.acquire();
    if ((await stillOwned?.()) === false) return { kind: "not_owned" };
    // What was found before the wait for a permit may be out of date, however short the wait was.
    const found = await deps.find(delivery.address);
    const checkedMs = elapsedMs();
    // Where that waited for a reply, the whole process may have stood still meanwhile, and the reply be as old.
    if ((await stillOwned?.()) === false) return { kind: "not_owned" };
    if (found !== stored && !isDeepStrictEqual(found, stored)) return { kind: "changed" };
    const startedMs = deps.now();
    deps.onStart(delivery, startedMs);
    const trace = deps.traceAttempt?.(delivery, subscription, parent);
    started = { kind: "started", startedMs, checkedMs, trace };
    return started;
  } finally {
    if (started === undefined) permit.release(endpointSignals(NOT_SENT));
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
  { address, deferrals, body }: Delivery,
  policy: EffectivePolicy,
  { limiter, dispatchers }: DeliverDeps,
): Promise<PermitResult> => {
  const limits = shareOfLimits(address, policy, dispatchers());
  const { workspaceId } = address;
  const bytes = body.byteLength;
  const { timeoutMs } = policy;
  return limiter.acquire({ workspaceId, ...to, deferrals, timeoutMs, limits, bytes });
};
