import { createInbox, errors, type Msg, type NatsConnection } from "@nats-io/nats-core";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { headerIn, rawHeadersOf } from "../nats/message-headers.ts";
import type { Nats } from "../nats/connection.ts";

/** A stored message. */
export type BatchMessage = {
  readonly subject: string;
  readonly seq: number;
  readonly time: Date;
  readonly data: Uint8Array;
  /** Decodes a header; "" for a missing one. */
  readonly header: { readonly get: (name: string) => string };
  /** How many messages of the filter follow. */
  readonly pending: number;
};

/** A part of a stream, in its order. */
export type Page = {
  readonly filter: string;
  /** The sequence to begin at, or the time. */
  readonly from: number | Date;
  readonly size: number;
  /** The server stops after the message that reaches this many bytes. */
  readonly maxBytes?: number;
};

/** The server's limit for last messages in one response. */
export const MAX_LAST = 1_024;

const REPLY_TIMEOUT_MS = 5_000;

/**
 * At most `size` messages from a position on. Any replica may reply, so messages stored a moment ago may be missing,
 * and ones deleted a moment ago may be there.
 */
export const readPage = (
  nats: Nats,
  stream: StreamName,
  { filter, from, size, maxBytes }: Page,
): Promise<BatchMessage[]> => {
  const start =
    typeof from === "number" ? { seq: Math.max(1, from) } : { start_time: from.toISOString() };
  return readBatch(nats, stream, {
    ...start,
    next_by_subj: filter,
    batch: size,
    max_bytes: maxBytes,
  });
};

/** The last message of each of these subjects that has one; at most `MAX_LAST`, from any replica. */
export const readLastOf = async (
  nats: Nats,
  stream: StreamName,
  subjects: readonly string[],
): Promise<BatchMessage[]> => {
  if (subjects.length === 0) return [];
  if (subjects.length > MAX_LAST) {
    throw new RangeError(`${subjects.length} subjects at once: at most ${MAX_LAST}`);
  }
  return readBatch(nats, stream, { multi_last: subjects, batch: subjects.length });
};

/**
 * All messages of one response. Not by the client's own function: it decodes the headers of every message on arrival,
 * which costs the square of their number, and throws at an invalid name, which ends the reading of the whole
 * connection: one message of a hostile producer would cut the process off.
 */
const readBatch = async (
  { connection }: Nats,
  stream: StreamName,
  query: object,
): Promise<BatchMessage[]> => {
  const inbox = createInbox(inboxPrefixOf(connection));
  const messages: BatchMessage[] = [];
  const ended = Promise.withResolvers<void>();
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return ended.reject(error);
      const reply = replyIn(message);
      if (reply.kind === "message") messages.push(reply.message);
      else if (reply.status === END_OF_BATCH || reply.status === NOT_FOUND) ended.resolve();
      else ended.reject(refusal(stream, reply.status));
    },
  });
  const timer = setTimeout(() => ended.reject(new errors.TimeoutError()), REPLY_TIMEOUT_MS);
  try {
    connection.publish(`${SUBJECT}.${stream}`, JSON.stringify(query), { reply: inbox });
    await ended.promise;
    return messages;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
};

const SUBJECT = "$JS.API.DIRECT.GET";

/** The inbox prefix that this NATS user may subscribe to; missing in the client's type. */
const inboxPrefixOf = (connection: NatsConnection): string | undefined =>
  (connection as unknown as { readonly options?: { readonly inboxPrefix?: string } }).options
    ?.inboxPrefix;

const END_OF_BATCH = 204;
const NOT_FOUND = 404;
/** The stream has no leader at the moment. */
const NO_RESPONDERS = 503;

const refusal = (stream: StreamName, status: number): Error =>
  status === NO_RESPONDERS
    ? new errors.NoRespondersError(SUBJECT)
    : new Error(`reading ${stream}: the server answered with status ${status}`);

type Reply =
  | { readonly kind: "message"; readonly message: BatchMessage }
  | { readonly kind: "status"; readonly status: number };

const replyIn = (message: Msg): Reply => {
  const raw = rawHeadersOf(message);
  const get = (name: string): string => headerIn(raw, name);
  // Only stored messages have a sequence; a producer's headers may begin with a status, too.
  const seq = get("Nats-Sequence");
  if (seq === "") {
    const status = Number(new TextDecoder("latin1").decode(raw.subarray(9, 12)));
    return { kind: "status", status };
  }
  return {
    kind: "message",
    message: {
      seq: Number(seq),
      subject: get("Nats-Subject"),
      time: new Date(get("Nats-Time-Stamp")),
      pending: Number(get("Nats-Num-Pending") || "0"),
      data: message.data,
      header: { get },
    },
  };
};
