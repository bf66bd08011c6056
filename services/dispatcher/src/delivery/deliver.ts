import { isDeepStrictEqual } from "node:util";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { openSubscription, type Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import { withLiveKeys } from "@ringback/contracts/agents/subscription-signing";
import type { Passage } from "../limits/permit-request.ts";
import { recordedRequest, recordedResponse, recordOf } from "./attempt-record.ts";
import type { AttemptTrace, TraceAttempt } from "../tracing/attempt-span.ts";
import { verdictOn } from "./decide/endpoint-signal.ts";
import { effectivePolicy, type EffectivePolicy } from "./decide/policy.ts";
import { outcomeOf } from "./decide/outcome.ts";
import { refusalOf } from "./decide/refusal.ts";
import { destinationOf, type Destination } from "./decide/request.ts";
import { askedWaitMs } from "./decide/retry-after.ts";
import { holdBackMs, nextStep } from "./decide/retry.ts";
import { shareOfLimits } from "../limits/decide/subscription-share.ts";
import type { Delivery } from "./delivery.ts";
import type { Gate } from "../limits/limiter.ts";
import { outgoingRequest } from "./outgoing-request.ts";
import type { OwnNetworkWatch } from "../send/network-outage.ts";
import type { OutgoingRequest } from "../send/request.ts";
import type { SendResult } from "../send/result.ts";
import type { Sent } from "../send/send.ts";
import type { SubscriptionView } from "./subscriptions.ts";
import type { Turn, TurnContext } from "./delivery-result.ts";
import { cancelled, placeOf, refused, withoutKey } from "./unsent.ts";

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

/** One turn of a delivery, top to bottom: find → open → decide (and sign) → send → judge. Stores nothing. */
export const deliver = async (
  delivery: Delivery,
  deps: DeliverDeps,
  context: TurnContext = {},
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
  const to = destinationOf(subscription.callback_url);
  context.desk?.leave();
  const passage = await passageTo(to, delivery, policy, deps);
  if (passage.kind === "closed") return passage;
  if (passage.kind === "deferred") {
    // Schedules go by the clock on the wall, which the limiter does not know.
    const { reason, afterMs } = passage;
    return { kind: "deferred", atMs: Math.ceil(deps.now() + afterMs), reason };
  }

  const attempt = { delivery, stored, subscription, policy, passage };
  const ready = await readyToSend(attempt, context, deps);
  if (ready.kind === "left") return ready;
  if (ready.kind === "changed") return deliver(delivery, deps, context);
  let turn: Turn | undefined;
  try {
    turn = await attemptOf(attempt, ready, deps);
    return turn;
  } finally {
    ready.trace?.end(turn);
  }
};

/** What an attempt is made of that was admitted. */
type Admitted = {
  readonly delivery: Delivery;
  /** The subscription as it was found, and with its secrets opened. */
  readonly stored: Subscription;
  readonly subscription: Subscription;
  readonly policy: EffectivePolicy;
  readonly passage: Extract<Passage, { kind: "admitted" }>;
};

type Begun = {
  readonly kind: "begun";
  readonly startedMs: number;
  readonly trace: AttemptTrace | undefined;
};

/** Says nothing of the endpoint. */
const NOT_SENT = { kind: "own_fault", fault: "unexpected", detail: "not sent" } as const;

/** What comes between admission and request: the place is given back unless the attempt is begun. */
const readyToSend = async (
  { delivery, stored, subscription, passage }: Admitted,
  { parent, lastLook, desk }: TurnContext,
  deps: DeliverDeps,
): Promise<Begun | { readonly kind: "left" } | { readonly kind: "changed" }> => {
  let begun: Begun | undefined;
  try {
    await desk?.enter();
    const look = await lastLook?.();
    if (look?.kind === "leave") return { kind: "left" };
    // However short the wait was: what was found may have been nearly as old as it may be.
    const found = await deps.find(delivery.address);
    if (found !== stored && !isDeepStrictEqual(found, stored)) return { kind: "changed" };
    const startedMs = deps.now();
    deps.onStart(delivery, startedMs);
    begun = {
      kind: "begun",
      startedMs,
      trace: deps.traceAttempt?.(delivery, subscription, parent),
    };
    return begun;
  } finally {
    if (begun === undefined) passage.release(verdictOn(NOT_SENT));
  }
};

const attemptOf = async (
  { delivery, subscription, policy, passage }: Admitted,
  { startedMs, trace }: Begun,
  deps: DeliverDeps,
): Promise<Turn> => {
  const { timeoutMs } = policy;
  const made = { delivery, subscription, startedMs, traceHeaders: trace?.headers, timeoutMs };
  const request = () => outgoingRequest(made, deps.userAgent, passage.bodySent);
  const asked = (result: SendResult): number | undefined =>
    policy.retryAfter === "honour" ? askedWaitMs(result, deps.now()) : undefined;
  const release = (result: SendResult): void =>
    passage.release({ ...verdictOn(result), askedMs: asked(result) });
  const sent = await sendWith(request, deps, release);
  const { origin } = destinationOf(subscription.callback_url);
  const { workspaceId } = delivery.address;
  const result = deps.ownNetwork({ workspaceId, origin }, sent.result);
  if (result.kind === "own_fault") {
    const atMs = deps.now() + holdBackMs(delivery.deferrals);
    return { kind: "held_back", atMs, fault: result.fault, detail: result.detail };
  }
  const outcome = outcomeOf(result, policy.isSuccess);
  const atMs = deps.now();
  const askedMs = asked(result);
  const failure = { ...placeOf(delivery), outcome, atMs, chance: deps.chance(), askedMs };
  const next = nextStep(failure, policy.retry);
  const came = {
    duration_ms: result.durationMs,
    request: recordedRequest(subscription),
    ...recordedResponse(result, subscription),
    ...(result.resent === true ? { resent: true as const } : {}),
  };
  return {
    kind: "attempted",
    record: { ...recordOf(delivery, startedMs, outcome, next), ...came },
  };
};

/** A place for the attempt, or when to come back for one. */
const passageTo = (
  to: Destination,
  { address, deferrals, body }: Delivery,
  policy: EffectivePolicy,
  { gate, dispatchers }: DeliverDeps,
): Promise<Passage> => {
  const limits = shareOfLimits(address, policy, dispatchers());
  const { workspaceId } = address;
  const bytes = body.byteLength;
  const asking = { workspaceId, ...to, deferrals, timeoutMs: policy.timeoutMs, limits, bytes };
  return new Promise((answer) => gate.ask(asking, answer));
};

/** Builds and sends, and gives the place back when no socket is held any more, however it ended. */
const sendWith = async (
  request: () => Promise<OutgoingRequest>,
  { send }: DeliverDeps,
  release: (result: SendResult) => void,
): Promise<Sent> => {
  try {
    const sent = await send(await request());
    void sent.released.finally(() => release(sent.result));
    return sent;
  } catch (error) {
    release(NOT_SENT);
    throw error;
  }
};
