import type { FailureReason } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetterReason } from "@ringback/contracts/deliveries/dead-letter";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Sight } from "../sight/decide/sight.ts";
import type {
  DeadLettersQuery,
  DeliveriesQuery,
  DeliveryRow,
  EventsQuery,
  Queries,
  RowPosition,
  RowsPage,
} from "./projection.ts";

/** All that the index can be queried for. */
export type AllQueries = Queries & Figures;

/** Sums over a workspace: what pages show that are no lists of events. */
export type Figures = {
  /** Newest first, by the time of their first events. */
  readonly calls: (query: CallsQuery) => Promise<RowsPage<CallRow>>;
  readonly overview: (query: OverviewQuery) => Promise<Overview>;
  /** The ids of workspaces that had events, attempts or dead letters, in order, after this one. */
  readonly workspacesAfter: (after: string, limit: number) => Promise<readonly string[]>;
  /** Delivered and failed attempts over time, of each endpoint and agent, in the order of the query. */
  readonly activity: (query: ActivityQuery) => Promise<Activity>;
  readonly eventFacets: (query: Omit<EventsQuery, "limit" | "after">) => Promise<ListFacets>;
  readonly deliveryFacets: (query: Omit<DeliveriesQuery, "limit" | "after">) => Promise<ListFacets>;
  readonly deadLetterFacets: (
    query: Omit<DeadLettersQuery, "limit" | "after">,
  ) => Promise<ListFacets>;
};

export type CallsQuery = Sight & {
  readonly agentId?: string | undefined;
  /** The call with this id; those whose ids begin with it where it has `MIN_PREFIX` characters. */
  readonly callId?: string | undefined;
  /** Those whose first event was stored from this time on, and before that one. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly after?: RowPosition | undefined;
  readonly limit: number;
};

/** So many characters of a call's id find all calls that begin with them. */
export const MIN_PREFIX = 3;

/** A call, over the events that EVENTS still has. */
export type CallRow = {
  readonly callId: string;
  /** Some of them, where there are very many. */
  readonly agentIds: readonly string[];
  readonly firstEventAtMs: number;
  readonly lastEventAtMs: number;
  readonly events: number;
  readonly attempts: number;
  /** The worst of its deliveries'. */
  readonly status: EventStatus;
  readonly nextAttemptAtMs: number | undefined;
};

/** A time in parts of `bucketMs`, which begin at multiples of it; `sinceMs` is one. */
type InBuckets = { readonly sinceMs: number; readonly untilMs: number; readonly bucketMs: number };

export type OverviewQuery = InBuckets &
  Sight & {
    /** Only these agents; undefined: all. */
    readonly agentIds: readonly string[] | undefined;
  };

/** How short the buckets of an overview may be: agents' counts are kept for five minutes each, a workspace's for a minute. */
export const shortestBucketMs = (agentIds: readonly string[] | undefined): number =>
  agentIds === undefined ? 60_000 : 5 * 60_000;

export type Overview = {
  readonly events: number;
  readonly delivered: number;
  readonly cancelled: number;
  readonly failed: Readonly<Partial<Record<FailureReason, number>>>;
  readonly deadLettered: Readonly<Partial<Record<DeadLetterReason, number>>>;
  /** From an event's storing to the start of its first attempt; undefined: there was none. */
  readonly firstAttemptDelay: {
    readonly p50Ms: number | undefined;
    readonly p95Ms: number | undefined;
    readonly p99Ms: number | undefined;
  };
  /** Deliveries that wait now, whenever their events were stored. */
  readonly waiting: {
    readonly pending: number;
    readonly retrying: number;
    /** There are more than are counted. */
    readonly isPartial: boolean;
    readonly oldest: DeliveryRow | undefined;
  };
  /** Those with the most failures, those with the most first. */
  readonly failing: readonly FailingDestination[];
  /** One for each bucket. */
  readonly series: readonly BucketSums[];
};

export type BucketSums = {
  readonly events: number;
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
};

/** Attempts at an endpoint, or at the subscriptions of an agent. */
export type FailingDestination = {
  readonly endpointId: string | undefined;
  readonly uid: string | undefined;
  readonly agentId: string | undefined;
  readonly attempted: number;
  readonly failed: number;
};

type ActivityQuery = InBuckets &
  Sight & {
    readonly endpointIds: readonly string[];
    readonly agentIds: readonly string[];
  };

type Activity = {
  readonly endpoints: readonly ActivityRow[];
  readonly agents: readonly ActivityRow[];
};

/** One number for each bucket. */
export type ActivityRow = {
  readonly delivered: readonly number[];
  readonly failed: readonly number[];
};

/** How many rows of a list have which value. */
export type ListFacets = {
  readonly total: number;
  /** Only the newest rows are counted, as there are too many. */
  readonly isPartial: boolean;
  /** Statuses, or reasons of dead letters. */
  readonly states: ReadonlyMap<string, number>;
  /** Undefined: of a type that no event can have. */
  readonly eventTypes: ReadonlyMap<EventType | undefined, number>;
  /** Those with the most rows, those with the most first. */
  readonly agents: readonly { readonly agentId: string; readonly count: number }[];
  /** The same; without an id: agents' subscriptions. */
  readonly endpoints: readonly EndpointFacet[];
};

export type EndpointFacet = {
  readonly endpointId: string | undefined;
  readonly uid: string | undefined;
  readonly count: number;
};
