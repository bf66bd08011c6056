import { randomUUIDv7 } from "node:crypto";
import { redeliveryDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import {
  decideOnce,
  type DecidedOnce,
  type Decision,
  type OnceFor,
  type Rejected,
} from "../idempotency/decide-once.ts";
import { acknowledgedUpTo } from "../streams/pending-deliveries.ts";
import {
  readRuns,
  storedRuns,
  type DecidedRuns,
  type Run,
  type StartedRun,
  type StoredRuns,
} from "./decide/decided-runs.ts";
import { redeliveryDestinations, TO_AGENT, type Destination } from "./decide/destinations.ts";
import { decideRedeliver, type DeliverySnapshot } from "./decide/redeliver.ts";
import { deliverableEvent, rejected, type DeliverableEvent } from "./deliverable-event.ts";
import { deliverySnapshots, eventRecords } from "./delivery-state.ts";
import type { RedeliveryDeps, Rejection } from "./deps.ts";
import { namedEndpoints } from "./named-endpoints.ts";
import type { Sight } from "../sight/decide/sight.ts";
import { bringForward, firstOfRedelivery, startRedelivery, wasStarted } from "./start-delivery.ts";

type RedeliverDeps = Pick<
  RedeliveryDeps,
  "nats" | "due" | "eventsOrigin" | "rules" | "now" | "requests" | "endpoints"
>;

/** The destinations that a request names. */
export type NamedDestinations = {
  /** Ids or uids. */
  readonly endpoints: readonly string[];
  readonly isToAgent: boolean;
};

export type RedeliverRequest = OnceFor &
  Sight & {
    readonly eventId: string;
    /** A delivery that waits uses up an attempt of its schedule by going on now. */
    readonly countsAgainstSchedule: boolean;
    /** Undefined: where the event went first, and was not delivered. */
    readonly to?: NamedDestinations | undefined;
  };

/**
 * Delivers an event again, to each of its destinations on its own: a delivery that waits goes on now, an ended one
 * begins again. What is decided for all of them is stored before the first begins.
 */
export const redeliverEvent = async (
  request: RedeliverRequest,
  deps: RedeliverDeps,
): Promise<DecidedOnce<readonly Run[], Rejection>> => {
  const found = await deliverableEvent(request, request.eventId, deps);
  if (found.kind === "rejected") return found;
  const { event } = found;
  const decide = () => decideRuns(event, request, deps);
  const once = await decideOnce<StoredRuns, Rejection>(request, decide, readStored, deps);
  if (once.kind === "rejected") return once;
  const { isRepeat } = once;
  const { runs, ...how } = readRuns(once.decided);
  const done = await mapConcurrently(runs, STARTS_AT_ONCE, (run) =>
    carryOut(event, run, { ...how, isRepeat, isKeyed: request.key !== undefined }, deps),
  );
  return done.every(isInProgress)
    ? rejected({ kind: "delivery_in_progress" })
    : { kind: "decided", decided: done, isRepeat };
};

const readStored = (stored: unknown): StoredRuns => storedRuns(readRuns(stored));

/** An event has at most a few dozen destinations. */
const STARTS_AT_ONCE = 8;

const isInProgress = ({ mode }: Run): boolean => mode === "in_progress";

const decideRuns = async (
  event: DeliverableEvent,
  { to, countsAgainstSchedule, ...sight }: RedeliverRequest,
  deps: RedeliverDeps,
): Promise<Decision<StoredRuns, Rejection>> => {
  const named = to === undefined ? undefined : await destinationsNamed(sight, to, deps);
  if (named?.kind === "rejected") return named;
  const records = await eventRecords(deps.nats, event, await acknowledgedUpTo(deps.nats));
  const destinations = named?.destinations ?? redeliveryDestinations(records, sight);
  const isToAgentAlone = destinations.every(({ endpointId }) => endpointId === undefined);
  if (!isToAgentAlone && !deps.due.allKnowEndpoints()) {
    return rejected({ kind: "dispatchers_outdated" });
  }
  const snapshots = await deliverySnapshots(deps.nats, event, records, destinations);
  const token = randomUUIDv7();
  const runs = destinations.map((destination, n) => {
    const snapshot = snapshots[n] as DeliverySnapshot;
    return runTo(destination, snapshot, { event, token, countsAgainstSchedule });
  });
  return runs.every(isInProgress)
    ? rejected({ kind: "delivery_in_progress" })
    : { kind: "decided", decided: storedRuns({ runs, countsAgainstSchedule }) };
};

/** The agent's subscription first, if it is named, then endpoints in the order of the request. */
const destinationsNamed = async (
  sight: Sight,
  { endpoints: named, isToAgent }: NamedDestinations,
  { endpoints: store }: RedeliverDeps,
): Promise<
  { readonly kind: "named"; readonly destinations: readonly Destination[] } | Rejected<Rejection>
> => {
  const found = await namedEndpoints(sight, named, store);
  if (found.kind === "rejected") return found;
  const toEndpoints = found.endpoints.map(({ endpoint_id: endpointId, uid }) => ({
    endpointId,
    uid,
  }));
  return { kind: "named", destinations: [...(isToAgent ? [TO_AGENT] : []), ...toEndpoints] };
};

type RunContext = Pick<DecidedRuns, "countsAgainstSchedule"> & {
  readonly event: DeliverableEvent;
  /** Distinguishes this redelivery from others of the event. */
  readonly token: string;
};

const runTo = (
  { endpointId, uid }: Destination,
  snapshot: DeliverySnapshot,
  { event, token, countsAgainstSchedule }: RunContext,
): Run => {
  const decision = decideRedeliver(snapshot, countsAgainstSchedule);
  const to = {
    ...(endpointId === undefined ? {} : { endpoint_id: endpointId }),
    ...(uid === undefined ? {} : { uid }),
  };
  switch (decision.kind) {
    case "in_progress":
      return { ...to, mode: "in_progress" };
    case "retry_now": {
      const { deliveryId: delivery_id, attempt } = decision.retry;
      const { attemptsLeft: attempts_left } = decision;
      return { ...to, mode: "retry_now", delivery_id, attempt, attempts_left };
    }
    case "new_run": {
      const delivery_id = redeliveryDeliveryId(event.seq, token, endpointId);
      return { ...to, mode: "redelivery", delivery_id, attempt: 1, attempts_left: null };
    }
    default:
      return decision satisfies never;
  }
};

type How = Pick<DecidedRuns, "countsAgainstSchedule"> & {
  readonly isRepeat: boolean;
  readonly isKeyed: boolean;
};

/** The run as it is now: one that waited may have just gone on by itself. */
const carryOut = async (
  event: DeliverableEvent,
  run: Run,
  { countsAgainstSchedule, isRepeat, isKeyed }: How,
  deps: RedeliverDeps,
): Promise<Run> => {
  switch (run.mode) {
    case "in_progress":
      return run;
    case "redelivery":
      await start(event, run, isRepeat, deps);
      return run;
    case "retry_now": {
      const { delivery_id: deliveryId, attempt } = run;
      const forward = { address: event.address, deliveryId, attempt, countsAgainstSchedule };
      const isDone = await bringForward(deps, forward, deps.now().getTime());
      // A key has stored the decision already, and it was true: that very attempt has begun by itself.
      return isDone || isKeyed ? run : inProgress(run);
    }
    default:
      return run satisfies never;
  }
};

const start = async (
  { seq, address }: DeliverableEvent,
  { delivery_id: deliveryId }: StartedRun,
  isRepeat: boolean,
  deps: RedeliverDeps,
): Promise<void> => {
  // The server may have forgotten the message id, but the delivery leaves traces.
  if (isRepeat && (await wasStarted(deps.nats, { address, deliveryId }))) return;
  const dueMs = deps.now().getTime();
  await startRedelivery(deps, firstOfRedelivery({ seq, address }, deliveryId, dueMs));
};

const inProgress = ({ endpoint_id, uid }: StartedRun): Run => ({
  ...(endpoint_id === undefined ? {} : { endpoint_id }),
  ...(uid === undefined ? {} : { uid }),
  mode: "in_progress",
});
