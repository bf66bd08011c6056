import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import {
  firstDestinations,
  isSameDestination,
  mayGoTo,
  TO_AGENT,
  type Destination,
  type EventRecords,
} from "./destinations.ts";

/** What a job decides about an event that matches. */
export type JobDecision =
  | { readonly kind: "send"; readonly to: readonly Destination[] }
  /** Nobody knows yet whether its first deliveries go to the job's endpoint: look again. */
  | { readonly kind: "wait" };

/** Destinations of the stored set whose first delivery has no record: it may wait, or be lost. */
export const unrecordedOf = ({ stored = [], deliveries }: EventRecords): readonly Destination[] =>
  stored.filter((destination) => !deliveries.some((one) => isSameDestination(one, destination)));

/**
 * Where a job sends an event that matches by the index. An event that went to its agent's subscription alone goes
 * there, as the index knows all of it; of any other each destination is looked at on its own. A job for an endpoint
 * looks at that one alone, whether the event went there before or not.
 */
export const jobDestinations = (
  { endpoint_id: endpointId, status }: Pick<RedeliveryJob, "endpoint_id" | "status">,
  records: EventRecords,
  isPending: (destination: Destination) => boolean,
): JobDecision => {
  const isWanted = (destination: Destination): boolean =>
    !isPending(destination) && matches(status, stateAt(records, destination));
  if (endpointId !== undefined) {
    const destination = { endpointId };
    const isOpen = firstDestinations(records) === undefined && !records.isAcknowledged;
    if (isOpen && mayGoTo(records, destination)) return { kind: "wait" };
    return { kind: "send", to: isWanted(destination) ? [destination] : [] };
  }
  const all = destinationsOf(records);
  const isToAgentAlone = all.every((one) => isSameDestination(one, TO_AGENT));
  return { kind: "send", to: isToAgentAlone ? [TO_AGENT] : all.filter(isWanted) };
};

/** All destinations of an event so far: those of its first deliveries, then those of redeliveries. */
const destinationsOf = (records: EventRecords): readonly Destination[] => {
  const all = [...(firstDestinations(records) ?? []), ...records.deliveries];
  return [...new Map(all.map(({ endpointId, uid }) => [endpointId, { endpointId, uid }])).values()];
};

type State = "delivered" | "open" | "dead_lettered" | "ended" | "unrecorded";

/** What became of the event at a destination, over all deliveries there. */
const stateAt = ({ deliveries, stored }: EventRecords, destination: Destination): State => {
  const own = deliveries.filter((one) => isSameDestination(one, destination));
  if (own.some(({ isDelivered }) => isDelivered)) return "delivered";
  if (own.some(({ isOpen }) => isOpen)) return "open";
  const [last] = own;
  if (last !== undefined) return last.isDeadLettered === true ? "dead_lettered" : "ended";
  // It was to go there, and neither waits nor has a record: it was given up before its first attempt.
  const wasPlanned = stored?.some((one) => isSameDestination(one, destination)) === true;
  return wasPlanned ? "dead_lettered" : "unrecorded";
};

const MATCHES: Readonly<Record<RedeliveryJob["status"], ReadonlySet<State>>> = {
  dead_lettered: new Set(["dead_lettered"]),
  undelivered: new Set(["dead_lettered", "ended", "unrecorded"]),
  all: new Set(["dead_lettered", "ended", "unrecorded", "delivered"]),
};

const matches = (status: RedeliveryJob["status"], state: State): boolean =>
  MATCHES[status].has(state);
