import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetterReason } from "@ringback/contracts/deliveries/dead-letter";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { AgentAddress, EventAddress } from "@ringback/contracts/streams/subjects";

/** An event whose producer was told that it is stored. Times are of the test's own clock, as all here. */
export interface AcknowledgedEvent {
  readonly address: EventAddress;
  /** When it was first published. */
  readonly askedAtMs: number;
}

/** What a receiver saw of one request. */
export interface SeenRequest {
  readonly eventId: string;
  readonly attempt: number;
  readonly path: string;
  readonly atMs: number;
  /** Null: it was never answered. */
  readonly answeredAtMs: number | null;
}

/** Where an agent's events go from then on; null: it has no subscription any more. */
export interface AddressChange {
  readonly path: string | null;
  readonly askedAtMs: number;
  /** When the API said that it is stored; null: it never did. */
  readonly confirmedAtMs: number | null;
}

export interface AgentAddresses {
  readonly agent: AgentAddress;
  /** In the order in which they were asked for; each was confirmed before the next one was asked for. */
  readonly changes: readonly AddressChange[];
}

/** What is on the streams once all is over. */
export interface StoredFacts {
  readonly streamCreatedMs: number;
  readonly events: readonly { readonly seq: number; readonly subject: string }[];
  /** In the order of the stream. */
  readonly records: readonly { readonly subject: string; readonly record: AttemptRecord }[];
  readonly deadLetters: readonly StoredDeadLetter[];
  /** Subjects of what is still on RETRIES. */
  readonly waiting: readonly string[];
}

export interface StoredDeadLetter {
  readonly workspaceId: string;
  readonly eventId: string;
  readonly reason: DeadLetterReason;
}

/** What the API's lists say of a workspace, each without an order. */
export interface ListedFacts {
  readonly workspaceId: string;
  readonly events: readonly { readonly eventId: string; readonly status: EventStatus }[];
  readonly attempts: readonly { readonly eventId: string; readonly attempt: number }[];
  readonly deadLetters: readonly { readonly eventId: string; readonly reason: string }[];
}

/** A time in which a request that was under way may be made once more (docs/promises.md, "At least once"). */
export interface RepeatWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: string;
}

/** All that is known of a run. */
export interface Evidence {
  readonly acknowledged: readonly AcknowledgedEvent[];
  readonly requests: readonly SeenRequest[];
  readonly addresses: readonly AgentAddresses[];
  readonly stored: StoredFacts;
  readonly lists: readonly ListedFacts[];
  readonly windows: readonly RepeatWindow[];
}

/** What the run was to keep to. */
export interface Bounds {
  /** The waits after the first, second, … failure. */
  readonly retryDelaysMs: readonly number[];
  /** For how long after a confirmed change the address before may still be sent to. */
  readonly staleMs: number;
  /** How long after its answer a request may be without a record. */
  readonly recordMs: number;
  /** What the clocks of the receiver and of its answers may be wrong by. */
  readonly toleranceMs: number;
}
