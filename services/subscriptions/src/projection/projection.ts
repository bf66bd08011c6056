import type { AttemptRecord, FailureReason, Trigger } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetterReason } from "@ringback/contracts/deliveries/dead-letter";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { EventAddress } from "@ringback/contracts/streams/subjects";

/**
 * An index over EVENTS, ATTEMPTS and DEAD_LETTERS for what streams cannot answer: lists over a
 * workspace. It can be thrown away and is built again from the streams (docs/adr/0015-projection.md),
 * so it may be behind: `lag` says by how much. Every query is bounded, uses an index, and sees one
 * workspace. Queries throw `UnavailableError` while the index is being made anew.
 */
export type Projection = {
  /** Newest first, by the time at which EVENTS stored them. */
  readonly events: (query: EventsQuery) => Promise<RowsPage<EventRow>>;
  /** Newest first, by the time at which the attempt began. */
  readonly attempts: (query: AttemptsQuery) => Promise<RowsPage<AttemptRow>>;
  /** Newest first, by the time at which it was given up. */
  readonly deadLetters: (query: DeadLettersQuery) => Promise<RowsPage<DeadLetterRow>>;
  /** Those that name this event, newest first, at most some; of one event others may be among them. */
  readonly deadLettersOf: (workspaceId: string, eventId: string) => Promise<readonly RowSeq[]>;
  readonly stats: (query: StatsQuery) => Promise<AgentStats>;
  /** The next events of a redelivery job, oldest first (by time, then sequence). */
  readonly selectForRedelivery: (selection: RedeliverySelection) => Promise<readonly EventRow[]>;
  /** How many events matched, had they a subject by which they could be found: dead letters, by their own time. */
  readonly countMalformed: (
    selection: Omit<RedeliverySelection, "status" | "after" | "limit">,
  ) => Promise<number>;
  /** What the deliveries of a job have come to, as far as their records are applied. */
  readonly redeliveryProgress: (
    workspaceId: string,
    redeliveryId: string,
  ) => Promise<RedeliveryProgress>;
  /** Resolves once everything that was stored when this process began is applied. */
  readonly caughtUp: () => Promise<void>;
  readonly isCaughtUp: () => boolean;
  /** The sequence of a stream up to which everything is applied; 0 before the first message. */
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly lag: () => ProjectionLag;
  /**
   * Calls the listener with each record of an attempt after it was applied, in the order of the
   * stream, from the moment at which ATTEMPTS is caught up (not during a rebuild). It must not wait or
   * throw. Gives back what ends it.
   */
  readonly onAttempt: (listener: (applied: AppliedAttempt) => void) => () => void;
  /** The same for events as they are stored: the head without the payload. */
  readonly onEvent: (listener: (applied: AppliedEvent) => void) => () => void;
};

/** The streams that are followed, as metrics and `lag` name them. */
export type ProjectedStream = "events" | "attempts" | "dead_letters";

/** Messages that are stored and not yet applied; 0 when current. */
export type ProjectionLag = Readonly<Record<ProjectedStream, number>> & {
  /** All together: `projection_lag` in answers. */
  readonly total: number;
};

/** A place in a list: the row's time, and its sequence where times are the same. */
export type RowPlace = { readonly atMs: number; readonly seq: number };

export type RowsPage<Row> = {
  readonly rows: readonly Row[];
  /** Where the next page comes after; undefined: there is nothing more. */
  readonly next: RowPlace | undefined;
};

/** What every list can be narrowed by. */
type ListQuery = {
  readonly workspaceId: string;
  readonly agentId?: string | undefined;
  readonly callId?: string | undefined;
  readonly eventType?: EventType | undefined;
  /** From this time on. */
  readonly sinceMs?: number | undefined;
  /** Before this time. */
  readonly untilMs?: number | undefined;
  /** Only what comes after this place in the list. */
  readonly after?: RowPlace | undefined;
  /** At most so many rows; 1 to 1,000. */
  readonly limit: number;
};

export type EventsQuery = ListQuery & { readonly status?: EventStatus | undefined };

export type AttemptsQuery = ListQuery & {
  readonly outcome?: AttemptOutcome | undefined;
  /** Of failed ones. */
  readonly reason?: FailureReason | undefined;
};

export type DeadLettersQuery = ListQuery & { readonly reason?: DeadLetterReason | undefined };

export type AttemptOutcome = "delivered" | "failed" | "cancelled";

/** An event without its payload. */
export type EventRow = {
  /** Its sequence on EVENTS. */
  readonly seq: number;
  readonly address: EventAddress;
  readonly storedAtMs: number;
  readonly sizeBytes: number;
  readonly isTest: boolean;
  readonly status: EventStatus;
  /** Attempts so far, of all its deliveries. */
  readonly attempts: number;
  readonly lastAttemptAtMs: number | undefined;
  /** When the next attempt is due, while it is `retrying`. */
  readonly nextAttemptAtMs: number | undefined;
};

/** Where a record is on ATTEMPTS; whatever else is known of it is read from there. */
export type AttemptRow = {
  readonly seq: number;
  readonly atMs: number;
};

/** Where a dead letter is on DEAD_LETTERS. */
export type DeadLetterRow = { readonly seq: number; readonly atMs: number };

/** A row by its sequence alone. */
export type RowSeq = { readonly seq: number };

export type StatsQuery = {
  readonly workspaceId: string;
  readonly agentId: string;
  readonly sinceMs: number;
  readonly untilMs: number;
};

/** What the attempts of an agent came to within a time; tests do not count. */
export type AgentStats = {
  /** When the time really begins: counts are kept for whole intervals of some minutes. */
  readonly sinceMs: number;
  readonly delivered: number;
  readonly failed: Readonly<Partial<Record<FailureReason, number>>>;
  readonly cancelled: number;
  /** Events that were given up before an attempt: not understood, or not let pass. */
  readonly invalid: number;
  /** Of attempts that sent something, in ms and within some percent; undefined: there were none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  /** Of those that are `pending` or `retrying`, the event that was stored first; of any time. */
  readonly oldestWaiting: EventRow | undefined;
};

export type RedeliverySelection = {
  readonly workspaceId: string;
  readonly agentId?: string | undefined;
  /** Undefined: all. */
  readonly eventTypes?: readonly EventType[] | undefined;
  readonly sinceMs: number;
  readonly untilMs: number;
  /**
   * `undelivered`: dead_lettered, cancelled, failed and no_subscription; `all`: delivered ones too.
   * Those that are pending or retrying are never selected: their delivery is under way. Nor are tests.
   */
  readonly status: "dead_lettered" | "undelivered" | "all";
  /** The place of the last one that was selected before; undefined: from the beginning. */
  readonly after?: RowPlace | undefined;
  readonly limit: number;
};

/** Of a job's deliveries, counted by their last records and by the dead letters of those that have no last one. */
export type RedeliveryProgress = {
  /** Those with any record. */
  readonly attempted: number;
  readonly delivered: number;
  /** Given up. */
  readonly failed: number;
  readonly cancelled: number;
};

/** A record that was applied just now. */
export type AppliedAttempt = {
  readonly workspaceId: string;
  /** Its sequence on ATTEMPTS. */
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** An event that was applied just now. */
export type AppliedEvent = {
  readonly workspaceId: string;
  /** Its sequence on EVENTS. */
  readonly seq: number;
  readonly address: EventAddress;
  readonly storedAtMs: number;
  readonly sizeBytes: number;
  readonly trigger: Extract<Trigger, "event" | "test">;
};
