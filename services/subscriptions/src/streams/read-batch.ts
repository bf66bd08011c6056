import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage } from "@ringback/runtime/streams/read-batch";
import { refuseWhileDisconnected, UnavailableError } from "./ask.ts";

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

/** A part of a stream in one request (`readPage`), refused while there is no connection. */
export const readStored = async (
  nats: Nats,
  { stream, ...page }: Part,
): Promise<StoredMessage[]> => {
  refuseWhileDisconnected(nats);
  const messages = await readPage(nats, stream, page);
  return messages.map(({ seq, subject, data, pending, time }) => ({
    seq,
    subject,
    data,
    pending,
    storedAtMs: time.getTime(),
  }));
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
