import type { StoredMsg } from "@nats-io/jetstream";
import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { choosesEvent, type Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { parseExact } from "@ringback/contracts/json/exact-json";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { matchEndpoint } from "../../endpoints/decide/match-endpoints.ts";
import type { EventRow, Projection } from "../../projection/projection.ts";
import { acknowledgedUpTo, withoutPendingRetry } from "../../streams/pending-deliveries.ts";
import { isSameDestination } from "../decide/destinations.ts";
import { batchSize, type Selected } from "../decide/job.ts";
import { jobDestinations, unrecordedOf } from "../decide/job-destinations.ts";
import { sightOfJob } from "../decide/job-sight.ts";
import { seesEndpoint } from "../../sight/decide/sight.ts";
import { jobEvent } from "../deliverable-event.ts";
import { eventRecords } from "../delivery-state.ts";
import type { RedeliveryDeps } from "../deps.ts";

export type SelectDeps = Pick<RedeliveryDeps, "nats" | "rules" | "endpointsSeenBy"> & {
  readonly projection: Pick<Projection, "selectForRedelivery">;
  /** False once another process may run the job. */
  readonly mayGoOn: () => boolean;
};

/** A job's endpoint, which says which events it is for; undefined: the job is for none. */
export type Choice = Endpoint | undefined;

/** An event may have 1 MiB. */
const MAX_READS = 8;

/** A job for an endpoint that has nearly everything looks at so many events, and stores how far it is. */
const MAX_LOOKED_AT = 500;

/**
 * The next events of a job, in their order, with where each goes: so many that a batch is full, or that it is time to
 * store how far the job is. Each is checked by today's rules: an invalid event is never sent. `wait`: what becomes of
 * the next event is not known yet. Empty: there is nothing more.
 */
export const selectBatch = async (
  job: RedeliveryJob,
  choice: Choice,
  deps: SelectDeps,
): Promise<readonly Selected[] | "wait"> => {
  const selected: Selected[] = [];
  const size = batchSize(job);
  const acknowledged = await acknowledgedUpTo(deps.nats);
  let { cursor } = job;
  for (let starts = 0; starts < size && selected.length < MAX_LOOKED_AT && deps.mayGoOn();) {
    const rows = await selectRows({ ...job, cursor }, size, choice, deps);
    const checked = await mapConcurrently(rows, MAX_READS, (row) =>
      checkedRow(row, { job, choice, acknowledged }, deps),
    );
    const firstUnknown = checked.indexOf("wait");
    const known = checked.slice(0, firstUnknown === -1 ? undefined : firstUnknown);
    for (const one of known) {
      if (one === "wait" || starts >= size) break;
      selected.push(one);
      starts += one.skip === undefined ? one.to.length : 0;
    }
    if (firstUnknown !== -1) return selected.length === 0 ? "wait" : selected;
    const last = rows.at(-1);
    if (last === undefined) break;
    cursor = { at_ms: last.storedAtMs, seq: last.seq };
  }
  return selected;
};

type Selecting = {
  readonly job: RedeliveryJob;
  readonly choice: Choice;
  /** The dispatchers had acknowledged all events up to this one. */
  readonly acknowledged: number;
};

const checkedRow = async (
  { seq, address, storedAtMs }: EventRow,
  { job, choice, acknowledged }: Selecting,
  { nats, rules, endpointsSeenBy }: SelectDeps,
): Promise<Selected | "wait"> => {
  const { callId: call_id, agentId: agent_id, eventType: event_type } = address;
  const event = { seq, call_id, agent_id, event_type, storedAtMs };
  const read = await jobEvent(nats, seq, rules);
  if (read.kind === "skip") return { ...event, to: [], skip: read.reason };
  if (isFiltered(choice, address, read.stored)) return { ...event, to: [], skip: "filtered" };
  const records = await eventRecords(nats, { seq, address }, acknowledged);
  const unrecorded = unrecordedOf(records).map((destination) => ({
    ...destination,
    address,
    deliveryId: firstDeliveryId(seq, destination.endpointId),
  }));
  const lost = await withoutPendingRetry(unrecorded, nats);
  const pending = unrecorded.filter((one) => !lost.includes(one));
  const sight = sightOfJob(job, endpointsSeenBy);
  const decision = jobDestinations(
    job,
    records,
    (destination) =>
      !seesEndpoint(sight, destination.endpointId) ||
      pending.some((one) => isSameDestination(one, destination)),
  );
  return decision.kind === "wait" ? "wait" : { ...event, to: decision.to };
};

const isFiltered = (
  choice: Choice,
  { agentId, callId, eventType }: EventAddress,
  { data, time }: StoredMsg,
): boolean => {
  if (choice?.filter === undefined) return false;
  const subject = {
    event_type: eventType,
    agent_id: agentId,
    call_id: callId,
    stored_at: time.toISOString(),
    data: parseExact(data),
  };
  const match = matchEndpoint(choice, { agentId, eventType, subject });
  return match.kind === "no_match" && match.because === "filter";
};

/** Looking through rows in pages keeps the event loop free. */
const PAGE = 1_000;

/** The next rows that match by the index, and that the job's endpoint is for. */
export const selectRows = async (
  job: RedeliveryJob,
  limit: number,
  choice: Choice,
  { projection, mayGoOn, endpointsSeenBy }: Omit<SelectDeps, "nats" | "rules">,
): Promise<readonly EventRow[]> => {
  const found: EventRow[] = [];
  let { cursor } = job;
  const size = choice === undefined ? limit : PAGE;
  while (found.length < limit && mayGoOn()) {
    const rows = await projection.selectForRedelivery({
      ...narrowing(job, endpointsSeenBy),
      status: job.status,
      missedBy: job.endpoint_id,
      after: cursor === null ? undefined : { atMs: cursor.at_ms, seq: cursor.seq },
      limit: size,
    });
    found.push(
      ...rows.filter(({ address }) => choice === undefined || choosesEvent(choice, address)),
    );
    const last = rows.at(-1);
    if (last === undefined || choice === undefined) break;
    cursor = { at_ms: last.storedAtMs, seq: last.seq };
  }
  return found.slice(0, limit);
};

/** What the index narrows a job's events by. */
export const narrowing = (
  job: RedeliveryJob,
  endpointsSeenBy: RedeliveryDeps["endpointsSeenBy"],
) => ({
  ...sightOfJob(job, endpointsSeenBy),
  agentId: job.agent_id,
  eventTypes: job.event_types,
  sinceMs: Date.parse(job.since),
  untilMs: Date.parse(job.until),
});
