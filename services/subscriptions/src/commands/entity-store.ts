import { randomUUIDv7 } from "node:crypto";
import type { StoredMsg } from "@nats-io/jetstream";
import { markIn } from "@ringback/contracts/streams/request-record";
import type { Sealer } from "@ringback/contracts/secrets/sealed-text";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { traceHeaders, type TraceContext } from "@ringback/contracts/trace-context";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readNext, readSequence, type Published } from "@ringback/runtime/nats/publish";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import type { EntityKind, EntityTypes } from "./entity.ts";
import { rememberingSealer } from "./remembering-sealer.ts";
import { ask } from "../streams/ask.ts";
import { lastMessage, publish } from "../streams/read-stream.ts";

/** A state and the sequence of the message that says so; 0: there is none. */
export type Stored<State> = {
  readonly state: State;
  readonly seq: number;
  /** Seals secrets that are in the state as they are stored already. */
  readonly sealer?: Sealer;
};

/** What an append belongs to. */
type AppendContext = {
  /** The request's trace, where requests are traced. */
  readonly trace?: TraceContext | undefined;
  /** Of the state as it was read before. */
  readonly sealer?: Sealer | undefined;
};

/**
 * Reads and appends configuration events of one kind. Secrets are stored sealed and read open, except those that
 * no key opens. All throw an error that `isUnavailable` knows when NATS is disconnected or does not reply in time;
 * an append may then be stored or not.
 */
export type EntityStore<T extends EntityTypes> = {
  /** Absent for an id that none can have. */
  readonly read: (address: T["address"]) => Promise<Stored<T["state"]>>;
  /** The state that the message with this sequence led to; 0: as before the first one. */
  readonly readAt: (address: T["address"], seq: number) => Promise<T["state"]>;
  /** The message after `afterSeq` by which the request with this key was carried out. */
  readonly findMarked: (
    address: T["address"],
    afterSeq: number,
    keyHash: string,
  ) => Promise<MarkedMessage | undefined>;
  /** Appends unless something else came after `lastSeq`. */
  readonly append: (
    address: T["address"],
    event: T["event"],
    lastSeq: number,
    context?: AppendContext,
  ) => Promise<Published>;
};

/** The message of a request's change, and the last message before it. */
export type MarkedMessage = { readonly beforeSeq: number; readonly seq: number };

export type EntityStoreDeps = {
  readonly nats: Nats;
  readonly sealer: Sealer;
  readonly log: Logger;
  readonly tracer?: Tracer | undefined;
};

/** What SUBSCRIPTIONS has, always read from the stream's leader: it knows what is stored. */
export const entityStore = <T extends EntityTypes>(
  kind: EntityKind<T>,
  { nats, sealer, log, tracer }: EntityStoreDeps,
): EntityStore<T> => ({
  read: async (address) => {
    if (!kind.isAddress(address)) return { state: kind.initial, seq: 0 };
    const message = await lastMessage(nats, STREAMS.subscriptions, kind.subjectOf(address));
    if (message === null) return { state: kind.initial, seq: 0 };
    const remembering = rememberingSealer(sealer);
    const state = kind.open(address, stateIn(kind, address, message), remembering, log);
    return { state, seq: message.seq, sealer: remembering };
  },
  readAt: async (address, seq) => {
    if (seq === 0) return kind.initial;
    const subject = kind.subjectOf(address);
    const message = await messageAt(nats, subject, seq);
    // In a stream that was made again since, the sequence may be another workspace's.
    if (message === null || message.subject !== subject) {
      throw new Error(`${STREAMS.subscriptions} ${seq} is not a message on ${subject}`);
    }
    return kind.open(address, stateIn(kind, address, message), sealer, log);
  },
  findMarked: async (address, afterSeq, keyHash) => {
    const subject = kind.subjectOf(address);
    for (let seq = afterSeq + 1; ;) {
      const message = await messageFrom(nats, subject, seq);
      if (message === null) return undefined;
      const mark = markIn(message.data);
      if (mark?.key_hash === keyHash) return { beforeSeq: mark.before_seq, seq: message.seq };
      seq = message.seq + 1;
    }
  },
  append: async (address, event, lastSeq, { trace, sealer: before } = {}) => {
    const publication = {
      stream: STREAMS.subscriptions,
      subject: kind.subjectOf(address),
      body: JSON.stringify(kind.seal(address, event, before ?? rememberingSealer(sealer))),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    };
    const options = spanOptions(kind.subjectTemplate, event, trace);
    const span = tracer?.start(`publish ${STREAMS.subscriptions}`, options);
    try {
      const headers = traceHeaders(span?.context);
      const published = await publish(nats, { ...publication, headers });
      // The command is decided again over the other change: nothing went wrong.
      if (published.kind === "conflict") span?.event("ringback.conflict");
      return published;
    } catch (error) {
      span?.fail("unavailable");
      throw error;
    } finally {
      span?.end();
    }
  },
});

const messageAt = (nats: Nats, subject: string, seq: number): Promise<StoredMsg | null> =>
  ask(nats, `reading ${subject}`, () => readSequence(nats, STREAMS.subscriptions, seq));

const messageFrom = (nats: Nats, subject: string, seq: number): Promise<StoredMsg | null> =>
  ask(nats, `reading ${subject}`, () => readNext(nats, STREAMS.subscriptions, subject, seq));

const stateIn = <T extends EntityTypes>(
  kind: EntityKind<T>,
  address: T["address"],
  { data, seq, subject }: StoredMsg,
): T["state"] => {
  const read = kind.stateIn(address, data);
  if (read.kind === "state") return read.state;
  throw new Error(`${STREAMS.subscriptions} ${seq} on ${subject}: ${read.message}`);
};

/** An append has a span of its own, a producer's, which its message carries. */
const spanOptions = (
  template: string,
  event: EntityTypes["event"],
  parent: TraceContext | undefined,
) => ({
  kind: "producer" as const,
  attributes: {
    "messaging.system": "nats",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.name": STREAMS.subscriptions,
    "messaging.destination.template": template,
    "ringback.configuration_event": event.type,
  },
  parent,
});
