import { Buffer } from "node:buffer";
import type { JsMsg } from "@nats-io/jetstream";
import { createInbox, type Msg, type NatsConnection } from "@nats-io/nats-core";
import type { StreamName } from "@ringback/contracts/subjects";
import { rawHeaders } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { refuseWhileDisconnected, UnavailableError } from "../unavailable.ts";

/** A message as a stream has it. */
export type StoredMessage = {
  readonly subject: string;
  readonly seq: number;
  readonly storedAtMs: number;
  readonly data: Uint8Array;
  /** How many messages of the filter come after this one. */
  readonly pending: number;
};

/** A part of a stream in its order. */
export type Part = {
  readonly stream: StreamName;
  readonly filter: string;
  /** The sequence to begin at, or the time. */
  readonly from: number | Date;
  readonly size: number;
  /** The server stops behind the message with which so many bytes are reached. */
  readonly maxBytes: number;
};

const ANSWER_WITHIN_MS = 2_000;

/**
 * A part of a stream in one request; any replica may answer, so with several the last moment may be
 * missing. Not the client's own: that decodes the headers of every message and throws at those of a
 * hostile producer, and one such event would hide its whole call.
 */
export const readStored = async (nats: Nats, part: Part): Promise<StoredMessage[]> => {
  refuseWhileDisconnected(nats);
  const { connection } = nats;
  const inbox = createInbox(inboxPrefixOf(connection));
  const messages: StoredMessage[] = [];
  const ended = Promise.withResolvers<void>();
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return ended.reject(error);
      const answer = answerIn(message);
      if (answer.kind === "message") messages.push(answer.message);
      else if (answer.status === END_OF_BATCH || answer.status === NOT_FOUND) ended.resolve();
      else ended.reject(refusal(part.stream, answer.status));
    },
  });
  const timer = setTimeout(
    () => ended.reject(new UnavailableError(`reading ${part.stream}: no answer in time`)),
    ANSWER_WITHIN_MS,
  );
  try {
    connection.publish(`$JS.API.DIRECT.GET.${part.stream}`, queryOf(part), { reply: inbox });
    await ended.promise;
    return messages;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
};

/** What this user of NATS may subscribe to; the client's type does not have its own options. */
const inboxPrefixOf = (connection: NatsConnection): string | undefined =>
  (connection as unknown as { readonly options?: { readonly inboxPrefix?: string } }).options
    ?.inboxPrefix;

const queryOf = ({ from, size, filter, maxBytes }: Part): string =>
  JSON.stringify({
    ...(typeof from === "number" ? { seq: Math.max(1, from) } : { start_time: from.toISOString() }),
    next_by_subj: filter,
    batch: size,
    max_bytes: maxBytes,
  });

const END_OF_BATCH = 204;
const NOT_FOUND = 404;
/** Nobody answers for the stream: it has no leader at the moment. */
const NO_RESPONDERS = 503;

const refusal = (stream: StreamName, status: number): Error =>
  status === NO_RESPONDERS
    ? new UnavailableError(`reading ${stream}: nobody answers`)
    : new Error(`reading ${stream}: the server answered with status ${status}`);

type Answer =
  | { readonly kind: "message"; readonly message: StoredMessage }
  | { readonly kind: "status"; readonly status: number };

const answerIn = (message: Msg): Answer => {
  const { subject, data } = message;
  const raw = rawHeaders({ subject, data, msg: message } as unknown as JsMsg);
  const headers = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  // Only what is stored has a sequence; a producer may begin headers with a status, too.
  const seq = lastHeader(headers, "Nats-Sequence");
  if (seq === undefined) {
    return { kind: "status", status: Number(headers.toString("latin1", 9, 12)) };
  }
  return {
    kind: "message",
    message: {
      seq: Number(seq),
      subject: lastHeader(headers, "Nats-Subject") ?? "",
      storedAtMs: Date.parse(lastHeader(headers, "Nats-Time-Stamp") ?? ""),
      pending: Number(lastHeader(headers, "Nats-Num-Pending") ?? "0"),
      data,
    },
  };
};

/** The server writes its own headers behind the producer's, so that the last of a name is its word. */
const lastHeader = (headers: Buffer, name: string): string | undefined => {
  const start = headers.lastIndexOf(`\r\n${name}: `);
  if (start === -1) return undefined;
  const from = start + name.length + 4;
  return headers.toString("utf8", from, headers.indexOf("\r\n", from));
};

/** How much is read in one go: bounds what waits in memory and how long one request takes. */
const CHUNK_MESSAGES = 1_000;
const CHUNK_BYTES = 8 * 1024 * 1024;

/** What is read through at most for one answer, in time. */
const READ_THROUGH_MS = 10_000;

/**
 * All messages of a filter from a place on, in the stream's order, up to what was stored when the
 * reading came there. Throws UnavailableError when that takes too long.
 */
export async function* readThrough(
  nats: Nats,
  { from, size = CHUNK_MESSAGES, ...rest }: Omit<Part, "size" | "maxBytes"> & { size?: number },
): AsyncGenerator<StoredMessage> {
  const deadline = performance.now() + READ_THROUGH_MS;
  for (let next = from; ;) {
    const part = { ...rest, from: next, size, maxBytes: CHUNK_BYTES };
    const messages = await readStored(nats, part);
    yield* messages;
    const last = messages.at(-1);
    if (last === undefined || last.pending === 0) return;
    if (performance.now() > deadline) {
      throw new UnavailableError(`reading ${rest.filter}: more than can be read in time`);
    }
    next = last.seq + 1;
  }
}
