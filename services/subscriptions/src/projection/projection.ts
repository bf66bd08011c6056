import type { FailureReason } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetterReason } from "@ringback/contracts/deliveries/dead-letter";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Sight } from "../sight/decide/sight.ts";
import type { EventAddress } from "@ringback/contracts/streams/subjects";

/**
 * An index over EVENTS, ATTEMPTS and DEAD_LETTERS for lists over a workspace, which streams cannot give.
 * It can be rebuilt from the streams at any time (docs/adr/0015-projection.md), and it may be behind them:
 * `lag` says by how much.
 */
export type Projection = Queries & {
  /** The sequence of a stream up to which everything is applied; 0 before the first message. */
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly lag: () => ProjectionLag;
  /** From when on ATTEMPTS has all attempts, given the time now: what was before is unknown. */
  readonly attemptsKnownSinceMs: (nowMs: number) => number;
};

/**
 * Every query is bounded, uses an index, and sees what its caller sees of one workspace. It throws `UnavailableError` while the index
 * is rebuilt.
 */
export type Queries = {
  /** Newest first, by the time at which EVENTS stored them. */
  readonly events: (query: EventsQuery) => Promise<RowsPage<EventRow>>;
  /** Where the records are on ATTEMPTS; newest first, by the time at which the attempt began. */
  readonly attempts: (query: AttemptsQuery) => Promise<RowsPage<RowPosition>>;
  /** Where they are on DEAD_LETTERS; newest first, by the time of the dead letter. */
  readonly deadLetters: (query: DeadLettersQuery) => Promise<RowsPage<RowPosition>>;
  /** Some dead letters that name this event, newest first; those of another event may be among them. */
  readonly deadLettersOf: (workspaceId: string, eventId: string) => Promise<readonly RowSeq[]>;
  /** Newest first, by the time at which EVENTS stored their events. */
  readonly deliveries: (query: DeliveriesQuery) => Promise<DeliveriesPage>;
  readonly stats: (query: StatsQuery) => Promise<AgentStats>;
  readonly endpointStats: (query: EndpointStatsQuery) => Promise<EndpointStats>;
  /** The next events of a redelivery job, oldest first (by time, then sequence). */
  readonly selectForRedelivery: (selection: RedeliverySelection) => Promise<readonly EventRow[]>;
  /** How many events with malformed subjects would match: they have dead letters only, and match by their time. */
  readonly countMalformed: (
    selection: Omit<RedeliverySelection, "status" | "after" | "limit">,
  ) => Promise<number>;
  /** The outcomes of a job's deliveries, as far as their records are applied. */
  readonly redeliveryProgress: (
    workspaceId: string,
    redeliveryId: string,
  ) => Promise<RedeliveryProgress>;
};

/** The streams that are followed, as metrics and `lag` name them. */
export type ProjectedStream = "events" | "attempts" | "dead_letters";

/** Messages that are stored and not yet applied; 0 when current. */
type ProjectionLag = Readonly<Record<ProjectedStream, number>> & {
  /** All together: `projection_lag` in responses. */
  readonly total: number;
};

/** A position in a list: the row's time, and its sequence where times are the same. */
export type RowPosition = { readonly atMs: number; readonly seq: number };

export type RowsPage<Row> = {
  readonly rows: readonly Row[];
  /** The next page begins after this position; undefined: there is nothing more. */
  readonly next: RowPosition | undefined;
};

/** The filters of every list. */
type ListQuery = Sight & {
  readonly agentId?: string | undefined;
  readonly callId?: string | undefined;
  /** Those to this endpoint; of events, those that went there. */
  readonly endpointId?: string | undefined;
  /** Those of any of these types; undefined: of all. */
  readonly eventTypes?: readonly EventType[] | undefined;
  /** From this time on. */
  readonly sinceMs?: number | undefined;
  /** Before this time. */
  readonly untilMs?: number | undefined;
  /** Only rows after this position in the list. */
  readonly after?: RowPosition | undefined;
  /** At most so many rows; 1 to 1,000. */
  readonly limit: number;
};

/** Of events, those with a delivery of any of these statuses: where an endpoint is named too, with that one. */
export type EventsQuery = ListQuery & { readonly statuses?: readonly EventStatus[] | undefined };

export type DeliveriesQuery = EventsQuery & { readonly after?: DeliveryPosition | undefined };

/** The same within an event: the endpoint's number in the index, 0 for the agent's subscription. */
export type DeliveryPosition = RowPosition & { readonly endpoint: number };

type DeliveriesPage = {
  readonly rows: readonly DeliveryRow[];
  readonly next: DeliveryPosition | undefined;
};

export type AttemptsQuery = ListQuery & {
  readonly outcomes?: readonly AttemptOutcome[] | undefined;
  /** Of failed ones; no row where the outcomes leave those out. */
  readonly reasons?: readonly FailureReason[] | undefined;
};

export type DeadLettersQuery = ListQuery & {
  readonly reasons?: readonly DeadLetterReason[] | undefined;
};

export type AttemptOutcome = "delivered" | "failed" | "cancelled";

/** An event without its payload. */
export type EventRow = {
  /** Its sequence on EVENTS. */
  readonly seq: number;
  readonly address: EventAddress;
  readonly storedAtMs: number;
  readonly sizeBytes: number;
  readonly isTest: boolean;
  /** The worst of its destinations'. */
  readonly status: EventStatus;
} & AttemptsOfRow;

type AttemptsOfRow = {
  /** Attempts so far, of all deliveries. */
  readonly attempts: number;
  readonly lastAttemptAtMs: number | undefined;
  /** What the last attempt's endpoint responded; undefined: nothing, or there was no attempt. */
  readonly lastStatusCode: number | undefined;
  /** Where the last request went: the callback URL without its query; undefined: there was none. */
  readonly destination: string | undefined;
  /** When the next attempt is due, while a destination is `retrying`. */
  readonly nextAttemptAtMs: number | undefined;
};

/** An event at one destination, over all deliveries there. */
export type DeliveryRow = {
  readonly event: Pick<EventRow, "seq" | "address" | "storedAtMs" | "isTest">;
  /** Of the delivery that was attempted last. */
  readonly deliveryId: string;
  /** Undefined: the agent's subscription. */
  readonly endpointId: string | undefined;
  readonly uid: string | undefined;
  readonly status: EventStatus;
} & AttemptsOfRow;

/** A row by its sequence alone. */
export type RowSeq = { readonly seq: number };

type StatsSpan = Sight & {
  readonly sinceMs: number;
  readonly untilMs: number;
};

type StatsQuery = StatsSpan & { readonly agentId: string };
type EndpointStatsQuery = StatsSpan & { readonly endpointId: string };

/** The outcomes of the attempts at an agent's events, or to an endpoint, within a time; tests do not count. */
export type AttemptStats = {
  /** When the time really begins: counts are per interval of some minutes. */
  readonly sinceMs: number;
  readonly delivered: number;
  readonly failed: Readonly<Partial<Record<FailureReason, number>>>;
  readonly cancelled: number;
  /** Events that were dead-lettered before an attempt: they could not be parsed, or EVENT_SCHEMA refused them. */
  readonly invalid: number;
  /** Of attempts that sent something, in ms and within some percent; undefined: there were none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
};

type AgentStats = AttemptStats & {
  /** The oldest event that is `pending` or `retrying`, of any time. */
  readonly oldestWaiting: EventRow | undefined;
};

type EndpointStats = AttemptStats & {
  /** The oldest delivery that is `pending` or `retrying`, of any time. */
  readonly oldestWaiting: DeliveryRow | undefined;
};

export type RedeliverySelection = Sight & {
  readonly agentId?: string | undefined;
  /** Undefined: all. */
  readonly eventTypes?: readonly EventType[] | undefined;
  readonly sinceMs: number;
  readonly untilMs: number;
  /**
   * `undelivered`: dead_lettered, cancelled, failed and no_subscription; `all`: delivered ones too.
   * Never selects pending or retrying events, whose delivery is under way, nor tests.
   */
  readonly status: "dead_lettered" | "undelivered" | "all";
  /** The status is that at this endpoint. An event that never went there is undelivered. */
  readonly missedBy?: string | undefined;
  /** The position of the last event selected before; undefined: from the beginning. */
  readonly after?: RowPosition | undefined;
  readonly limit: number;
};

/** A job's deliveries, counted by their last records, and by dead letters where there is no last record. */
export type RedeliveryProgress = {
  /** Those with any record. */
  readonly attempted: number;
  readonly delivered: number;
  /** Dead-lettered. */
  readonly failed: number;
  readonly cancelled: number;
};
