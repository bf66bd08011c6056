import type { StreamInfo } from "@nats-io/jetstream";
import {
  DISPATCHER_CONSUMER,
  DISPATCHER_FILTERS,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readNext } from "@ringback/runtime/nats/publish";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import { backlogOf, withSample, type Backlog, type Sample } from "./decide/backlog.ts";
import { readDueRetries, type DueRetries } from "./due-retries.ts";

/** How large a stream is. */
export type StreamSize = {
  readonly messages: number;
  readonly bytes: number;
  /** Where the server ends its growth; undefined: nowhere. */
  readonly maxBytes: number | undefined;
};

type Observed<T> = { readonly value: T; readonly atMs: number };

/** Streams are looked at every 5 s. After this time without an answer nothing is known of them any more. */
const KNOWN_FOR_MS = 30_000;

/** What NATS said of the streams last; undefined where that is not known now. */
export type Observations = {
  /** Notes a stream's state. Throws where NATS does not answer about its consumer. */
  readonly note: (name: StreamName, info: StreamInfo, nats: Nats) => Promise<void>;
  readonly sizes: () => ReadonlyMap<StreamName, StreamSize>;
  /** Events that are stored and that no dispatcher has taken. */
  readonly backlog: () => Backlog | undefined;
  readonly retries: () => { readonly scheduled: number; readonly due: number } | undefined;
  /** Of those that are due, what had to be read. */
  readonly dueRetries: () => DueRetries | undefined;
  /** Up to which sequence all events are acknowledged; only grows, so that an old value holds. */
  readonly acknowledgedUpTo: () => number | undefined;
};

/** Remembers what NATS says of the streams, for gauges and for where a lost consumer would have to go on. */
export const createObservations = (
  isConnected: () => boolean,
  nowMs: () => number = elapsedMs,
): Observations => {
  const sizes = new Map<StreamName, Observed<StreamSize>>();
  let samples: readonly Sample[] = [];
  let backlog: Observed<Backlog> | undefined;
  let retries: Observed<{ scheduled: number; due: number }> | undefined;
  let dueRetries: Observed<DueRetries> | undefined;
  let acknowledgedUpTo: number | undefined;
  const known = <T>(observed: Observed<T> | undefined): T | undefined =>
    observed !== undefined && isConnected() && nowMs() - observed.atMs < KNOWN_FOR_MS
      ? observed.value
      : undefined;

  const noteEvents = async (info: StreamInfo, nats: Nats): Promise<void> => {
    const atMs = nowMs();
    samples = withSample(samples, { atMs, lastSeq: info.state.last_seq });
    const consumer = await consumerInfo(nats, STREAMS.events, DISPATCHER_CONSUMER);
    if (consumer === undefined) return;
    acknowledgedUpTo = consumer.ack_floor.stream_seq;
    const { num_pending: waiting, delivered } = consumer;
    const takenUpTo = delivered.stream_seq;
    const oldestAtMs = waiting === 0 ? undefined : await storedAtMs(nats, takenUpTo + 1);
    backlog = { atMs, value: backlogOf({ waiting, takenUpTo, oldestAtMs, samples, atMs }) };
  };

  const noteRetries = async ({ state }: StreamInfo, nats: Nats): Promise<void> => {
    const atMs = nowMs();
    const info = await consumerInfo(nats, STREAMS.retries, DISPATCHER_CONSUMER);
    if (info === undefined) return;
    const { num_pending: due, num_ack_pending: taken, delivered } = info;
    retries = { atMs, value: { due, scheduled: Math.max(0, state.messages - due - taken) } };
    const range = { due, takenUpTo: delivered.stream_seq, lastSeq: state.last_seq };
    dueRetries = { atMs, value: await readDueRetries(nats, range) };
  };

  return {
    note: async (name, info, nats) => {
      const { state, config } = info;
      const maxBytes = config.max_bytes > 0 ? config.max_bytes : undefined;
      const value = { messages: state.messages, bytes: state.bytes, maxBytes };
      sizes.set(name, { value, atMs: nowMs() });
      if (name === STREAMS.events) await noteEvents(info, nats);
      if (name === STREAMS.retries) await noteRetries(info, nats);
    },
    sizes: () =>
      new Map(
        [...sizes].flatMap(([name, observed]) => {
          const size = known(observed);
          return size === undefined ? [] : [[name, size] as const];
        }),
      ),
    backlog: () => known(backlog),
    retries: () => known(retries),
    dueRetries: () => known(dueRetries),
    acknowledgedUpTo: () => acknowledgedUpTo,
  };
};

/** Looks at what waits at once: the consumers may have been made a moment ago. A failure shows at the next look. */
export const observeWork = async (nats: Nats, { note }: Observations): Promise<void> => {
  for (const name of [STREAMS.events, STREAMS.retries]) {
    await nats.jsm.streams.info(name).then(
      (info) => note(name, info, nats),
      () => undefined,
    );
  }
};

/** When the first event from this sequence on was stored, by NATS's clock. */
const storedAtMs = async (nats: Nats, seq: number): Promise<number | undefined> => {
  const filter = DISPATCHER_FILTERS[STREAMS.events];
  return (await readNext(nats, STREAMS.events, filter, seq))?.time.getTime();
};
