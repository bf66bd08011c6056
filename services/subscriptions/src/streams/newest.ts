import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readStored, readThrough, type StoredMessage } from "./read-batch.ts";

/** Which messages of a stream are asked for. */
export type NewestQuery = {
  readonly stream: StreamName;
  /** A literal subject: wildcards are slow on a large stream. */
  readonly filter: string;
  /** Only messages before this sequence; undefined: to the end. */
  readonly beforeSeq: number | undefined;
  readonly limit: number;
  /** Of all data together; one message is given in any case. */
  readonly maxBytes: number;
};

export type NewestPage = {
  /** Newest first. */
  readonly messages: readonly StoredMessage[];
  readonly hasOlder: boolean;
};

/** What a first request may bring: most filters match less than that, and are done with it. */
const FIRST_BYTES = 8 * 1024 * 1024;

/**
 * The newest messages of a filter before a place. Streams are only read forward, but each answer says
 * how many messages come after: with that, the place to begin at is found by halving, in some twenty
 * requests for a filter that matches millions, and in one for a page that holds all.
 */
export const readNewest = async (nats: Nats, query: NewestQuery): Promise<NewestPage> => {
  const { stream, filter, beforeSeq = Infinity, limit } = query;
  const part = { stream, filter, from: 1, size: limit + 1, maxBytes: FIRST_BYTES };
  const first = await readStored(nats, part);
  const [oldest] = first;
  if (oldest === undefined || oldest.seq >= beforeSeq) return { messages: [], hasOlder: false };
  const last = first.at(-1);
  const isWhole = last !== undefined && (last.pending === 0 || last.seq >= beforeSeq);
  const page = newestPage(query);
  if (isWhole) {
    for (const message of first) page.take(message);
  } else {
    const from = await placeOfPage(nats, query, oldest);
    for await (const message of readThrough(nats, { stream, filter, from, size: limit + 1 })) {
      if (message.seq >= beforeSeq) break;
      page.take(message);
    }
  }
  const messages = page.newestFirst();
  return { messages, hasOlder: (messages.at(-1)?.seq ?? 0) > oldest.seq };
};

/** Keeps the last messages that it is given, as many as fit. */
const newestPage = ({ beforeSeq = Infinity, limit, maxBytes }: NewestQuery) => {
  const kept: StoredMessage[] = [];
  let bytes = 0;
  return {
    take: (message: StoredMessage): void => {
      if (message.seq >= beforeSeq) return;
      kept.push(message);
      bytes += message.data.byteLength;
      while (kept.length > limit || (bytes > maxBytes && kept.length > 1)) {
        bytes -= kept.shift()?.data.byteLength ?? 0;
      }
    },
    newestFirst: (): StoredMessage[] => kept.toReversed(),
  };
};

/** A sequence from which on there are as many messages of the filter as the page takes, or a few more. */
const placeOfPage = async (
  nats: Nats,
  { stream, filter, beforeSeq, limit }: NewestQuery,
  oldest: StoredMessage,
): Promise<number> => {
  const countFrom = async (from: number): Promise<number> => {
    const [next] = await readStored(nats, { stream, filter, from, size: 1, maxBytes: 1 });
    return next === undefined ? 0 : next.pending + 1;
  };
  const end = beforeSeq ?? (await lastSequence(nats, stream)) + 1;
  const behind = beforeSeq === undefined ? 0 : await countFrom(beforeSeq);
  if (oldest.pending + 1 - behind <= limit) return oldest.seq;
  let tooMany = oldest.seq; // from here on there are more than the page takes
  let tooFew = end;
  while (tooFew - tooMany > 1) {
    const middle = Math.floor((tooMany + tooFew) / 2);
    const count = (await countFrom(middle)) - behind;
    if (count >= limit && count <= 2 * limit) return middle;
    if (count < limit) tooFew = middle;
    else tooMany = middle;
  }
  return tooMany;
};

const lastSequence = async (nats: Nats, stream: StreamName): Promise<number> =>
  (await nats.jsm.streams.info(stream)).state.last_seq;
