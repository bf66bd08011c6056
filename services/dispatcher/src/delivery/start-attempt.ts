import { isDeepStrictEqual } from "node:util";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import type { FoundDestination } from "@ringback/contracts/endpoints/destination";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import type { Permit } from "../limits/permits.ts";
import { endpointSignals } from "./decide/endpoint-signal.ts";
import type { EffectivePolicy } from "./decide/policy.ts";
import type { DeliveryContext, DeliveryResult } from "./delivery-result.ts";
import type { Delivery } from "./delivery.ts";

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

/** What the checks before a request need. */
export type StartDeps = {
  /** The destination as it is now; throws where the stream does not reply. */
  readonly find: (
    delivery: Pick<Delivery, "address" | "deliveryId">,
  ) => Promise<FoundDestination | undefined>;
  readonly now: () => number;
  /** Called when an attempt starts: delay and lateness are measured to it. `traceId`: of a trace that is kept. */
  readonly onStart: (delivery: Delivery, startedMs: number, traceId?: string) => void;
  /** Where attempts are traced. */
  readonly traceAttempt?: TraceAttempt | undefined;
};

/** An attempt that has its permit. */
export type Attempt = {
  readonly delivery: Delivery;
  readonly found: FoundDestination;
  /** How it is sent there, with secrets opened. */
  readonly subscription: Subscription;
  readonly policy: EffectivePolicy;
  readonly permit: Permit;
};

export type Started = {
  readonly kind: "started";
  readonly startedMs: number;
  /** When it was known last that this process has the message, by `elapsedMs()`. */
  readonly checkedMs: number;
  readonly trace: AttemptTrace | undefined;
};

/** Says nothing of the endpoint. */
export const NOT_SENT = {
  kind: "platform_fault",
  fault: "unexpected",
  detail: "not sent",
} as const;

/** The last checks between permit and request; releases the permit unless the attempt starts. */
export const startAttempt = async (
  { delivery, found, subscription, permit }: Attempt,
  { parent, stillOwned, readingLock }: DeliveryContext,
  deps: StartDeps,
): Promise<Started | { readonly kind: "not_owned" } | { readonly kind: "changed" }> => {
  let started: Started | undefined;
  try {
    await readingLock?.acquire();
    if ((await stillOwned?.()) === false) return { kind: "not_owned" };
    // What was found before the wait for a permit may be out of date, however short the wait was.
    const now = await deps.find(delivery);
    const checkedMs = elapsedMs();
    // Where that waited for a reply, the whole process may have stood still meanwhile, and the reply be as old.
    if ((await stillOwned?.()) === false) return { kind: "not_owned" };
    if (now === undefined || !isSame(now, found)) return { kind: "changed" };
    const startedMs = deps.now();
    deps.onStart(delivery, startedMs, parent?.isSampled === true ? parent.traceId : undefined);
    const trace = deps.traceAttempt?.(delivery, subscription, parent);
    started = { kind: "started", startedMs, checkedMs, trace };
    return started;
  } finally {
    if (started === undefined) permit.release(endpointSignals(NOT_SENT));
  }
};

/** An agent's subscription is the same object while nothing has changed. */
const isSame = (a: FoundDestination, b: FoundDestination): boolean =>
  (a.subscription === b.subscription && a.isPaused === b.isPaused) || isDeepStrictEqual(a, b);
