import type { AttemptRecord, Outcome } from "@ringback/contracts/attempt";
import type { CallbackUrlPolicy } from "@ringback/contracts/callback-url";
import type { Subscription } from "@ringback/contracts/subscription";
import { openSubscription, type Sealer } from "@ringback/contracts/subscription-secrets";
import { withLiveKeys } from "@ringback/contracts/subscription-signing";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { DeferralReason, Passage } from "./asking.ts";
import { recordedRequest, recordedResponse, recordOf } from "./attempt-record.ts";
import type { TraceAttempt } from "./attempt-trace.ts";
import { effectivePolicy, type EffectivePolicy } from "./decide/delivery-policy.ts";
import { outcomeOf, type OwnFault } from "./decide/outcome.ts";
import { refusalOf, type Refusal } from "./decide/refusal.ts";
import { endpointOf, requestFor, type RequestFacts } from "./decide/request.ts";
import { askedWaitMs } from "./decide/retry-after.ts";
import { holdBackMs, nextStep } from "./decide/retry.ts";
import { shareOfLimits } from "./decide/shared-limits.ts";
import { conditionOf, type Condition } from "./decide/slow-start.ts";
import type { Delivery } from "./delivery.ts";
import type { Gate } from "./gate.ts";
import type { OwnNetworkWatch } from "./own-network.ts";
import type { OutgoingRequest, Sent } from "./send/send.ts";
import { signatures } from "./signatures.ts";
import type { SubscriptionView } from "./subscription-view.ts";

/** What one turn of a delivery came to. */
export type Turn =
  | { readonly kind: "attempted"; readonly record: AttemptRecord }
  /** Nobody subscribed this agent's events of this type: nothing is owed. */
  | { readonly kind: "no_subscription" }
  /** There is no place for it: to come back at `atMs`, with the same attempt. */
  | { readonly kind: "deferred"; readonly atMs: number; readonly reason: DeferralReason }
  /** A fault of our own: to come back at `atMs`, with the same attempt. */
  | {
      readonly kind: "held_back";
      readonly atMs: number;
      readonly fault: OwnFault;
      readonly detail: string;
    }
  /** This process is stopping: nothing was begun. */
  | { readonly kind: "closed" };

export type DeliverDeps = {
  readonly find: SubscriptionView["find"];
  /** Opens the subscription's secrets, which are kept sealed until they are used. */
  readonly sealer: Pick<Sealer, "open">;
  /** What URLs may be sent to: they and headers are judged again here, as settings may have changed since it was stored. */
  readonly urlPolicy: CallbackUrlPolicy;
  readonly send: (request: OutgoingRequest) => Promise<Sent>;
  readonly gate: Gate;
  readonly ownNetwork: OwnNetworkWatch;
  /** What deliveries go by unless their subscription says otherwise. */
  readonly operatorsPolicy: EffectivePolicy;
  /** How many dispatchers share the limits of a subscription, this one included. */
  readonly dispatchers: () => number;
  readonly userAgent: string;
  readonly now: () => number;
  /** In [0, 1). */
  readonly chance: () => number;
  /** Told when an attempt begins: delay and lateness are counted from it. */
  readonly onStart: (delivery: Delivery, startedMs: number) => void;
  /** Where attempts are traced. */
  readonly traceAttempt?: TraceAttempt | undefined;
};

/**
 * One turn of a delivery, top to bottom: find → open → decide (and sign) → send → judge. Stores nothing.
 * `parent`: what its attempt belongs to, where it is traced.
 */
export const deliver = async (
  delivery: Delivery,
  deps: DeliverDeps,
  parent?: TraceContext,
): Promise<Turn> => {
  const stored = await deps.find(delivery.address);
  if (stored === undefined) {
    const isNew = delivery.attempt === 1 && delivery.dueMs === undefined;
    return isNew ? { kind: "no_subscription" } : cancelled(delivery, deps.now());
  }
  const live = withLiveKeys(stored, deps.now()); // a key that has expired may be gone with its sealing key
  const { subscription, problems } = openSubscription(delivery.address, live, deps.sealer);
  if (problems.length > 0) return withoutKey(delivery, problems, deps);
  const policy = effectivePolicy(subscription.delivery, deps.operatorsPolicy);
  const refusal = refusalOf(subscription, deps.urlPolicy);
  if (refusal !== undefined) return refused(delivery, subscription, refusal, policy, deps);
  const origin = endpointOf(subscription.callback_url);
  const passage = await passageTo(origin, delivery, policy, deps);
  if (passage.kind !== "admitted") return passage;

  const trace = deps.traceAttempt?.(delivery, subscription, parent);
  const attempt = { delivery, subscription, policy, release: passage.release };
  let turn: Turn | undefined;
  try {
    turn = await attemptOf(attempt, trace?.headers, deps);
    return turn;
  } finally {
    trace?.end(turn);
  }
};

/** What an attempt is made of that was admitted. */
type Admitted = {
  readonly delivery: Delivery;
  readonly subscription: Subscription;
  readonly policy: EffectivePolicy;
  readonly release: (condition: Condition) => void;
};

const attemptOf = async (
  { delivery, subscription, policy, release }: Admitted,
  traceHeaders: RequestFacts["traceHeaders"],
  deps: DeliverDeps,
): Promise<Turn> => {
  const startedMs = deps.now();
  deps.onStart(delivery, startedMs);
  const request = () => ({
    ...requestOf(delivery, subscription, startedMs, deps.userAgent, traceHeaders),
    timeoutMs: policy.timeoutMs,
  });
  const sent = await sendWith(request, deps, release);
  const result = deps.ownNetwork(endpointOf(subscription.callback_url), sent.result);
  if (result.kind === "own_fault") {
    const atMs = deps.now() + holdBackMs(delivery.deferrals);
    return { kind: "held_back", atMs, fault: result.fault, detail: result.detail };
  }
  const outcome = outcomeOf(result, policy.isSuccess);
  const atMs = deps.now();
  const askedMs = policy.retryAfter === "honour" ? askedWaitMs(result, atMs) : undefined;
  const failure = { ...placeOf(delivery), outcome, atMs, chance: deps.chance(), askedMs };
  const next = nextStep(failure, policy.retry);
  const made = {
    duration_ms: result.durationMs,
    request: recordedRequest(subscription),
    ...recordedResponse(result, subscription),
    ...(result.resent === true ? { resent: true as const } : {}),
  };
  return {
    kind: "attempted",
    record: { ...recordOf(delivery, startedMs, outcome, next), ...made },
  };
};

/** What of a delivery says where in its schedule it is. */
const placeOf = ({ attempt, extraAttempts, trigger }: Delivery) => ({
  attempt,
  extraAttempts,
  trigger,
});

/** Keys are missing or wrong here: the customer's attempts wait until somebody mends that. */
const withoutKey = (delivery: Delivery, problems: readonly string[], deps: DeliverDeps): Turn => {
  const atMs = deps.now() + holdBackMs(delivery.deferrals);
  return { kind: "held_back", atMs, fault: "secret", detail: problems.join("; ") };
};

/** A place for the attempt, or when to come back for one. */
const passageTo = (
  origin: string,
  { address, deferrals }: Delivery,
  policy: EffectivePolicy,
  { gate, dispatchers }: DeliverDeps,
): Promise<Passage> => {
  const limits = shareOfLimits(address, policy, dispatchers());
  const { workspaceId } = address;
  const asking = { workspaceId, origin, deferrals, timeoutMs: policy.timeoutMs, limits };
  return new Promise((answer) => gate.ask(asking, answer));
};

/** Builds and sends, and gives the place back when no socket is held any more, however it ended. */
const sendWith = async (
  request: () => OutgoingRequest,
  { send }: DeliverDeps,
  release: (condition: Condition) => void,
): Promise<Sent> => {
  try {
    const sent = await send(request());
    void sent.released.finally(() => release(conditionOf(sent.result)));
    return sent;
  } catch (error) {
    release("unknown");
    throw error;
  }
};

const requestOf = (
  delivery: Delivery,
  subscription: Subscription,
  nowMs: number,
  userAgent: string,
  traceHeaders: RequestFacts["traceHeaders"],
): Omit<OutgoingRequest, "timeoutMs"> => {
  const { eventId, address, attempt, body, trigger } = delivery;
  const { eventType, workspaceId } = address;
  const what = { eventId, eventType, attempt, isTest: trigger === "test", body };
  const facts = { ...what, nowMs, userAgent, sign: signatures, traceHeaders };
  return { ...requestFor(subscription, facts), workspaceId, isRetry: attempt > 1 };
};

const cancelled = (delivery: Delivery, nowMs: number): Turn => ({
  kind: "attempted",
  record: recordOf(delivery, nowMs, { kind: "cancelled" }, { kind: "done" }),
});

/** The attempt fails without a connection. */
const refused = (
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
