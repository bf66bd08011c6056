import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import type { DatabaseSync } from "node:sqlite";
import type { JsMsg } from "@nats-io/jetstream";
import { headerIn, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Ids } from "../file/ids.ts";
import { destinationCounter } from "../counts/destination-counts.ts";
import { minuteCounter } from "../counts/minute-counts.ts";
import { eventProgress } from "./event-progress.ts";
import { keepEndpoint } from "./known-endpoints.ts";
import { redeliveryCounter } from "./redelivery-counts.ts";
import { attemptCounter } from "../counts/stats.ts";

/** The parts of a message that the projection reads. */
export type StreamMessage = {
  readonly subject: string;
  readonly seq: number;
  /** When the stream stored it. */
  readonly atMs: number;
  readonly data: Uint8Array;
  /** The last header of this name, "" for none. */
  readonly header: (name: string) => string;
};

export const streamMessage = (message: JsMsg): StreamMessage => ({
  subject: message.subject,
  seq: message.seq,
  atMs: Math.floor(message.info.timestampNanos / 1e6),
  data: message.data,
  header: (name) => headerIn(rawHeaders(message), name),
});

/** Writes a message into the tables. */
export type Applier = (message: StreamMessage) => "applied" | "unreadable";

export type ApplierDeps = {
  readonly db: DatabaseSync;
  readonly ids: Ids;
  /** When EVENTS was made: records of an earlier stream of that name are of other events. */
  readonly eventsOrigin: StreamOrigin;
};

/** What records and dead letters change beside their own table. */
export const effectsIn = ({ db, ids }: ApplierDeps) => ({
  progress: eventProgress(db, ids),
  redeliveries: redeliveryCounter(db),
  endpoint: keepEndpoint(db),
  count: attemptCounter(db, "agent"),
  countEndpoint: attemptCounter(db, "endpoint"),
  countDestination: destinationCounter(db),
  countMinute: minuteCounter(db),
});

export type RecordDeps = ApplierDeps & ReturnType<typeof effectsIn>;
