import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { readStored, readThrough, streamState } from "./read-stream.ts";

/** A page of a list, newest first. */
export type PageQuery = { readonly limit: number; readonly beforeSeq: number | undefined };

/** Which messages of a stream a page takes. */
export type NewestQuery = PageQuery & {
  readonly stream: StreamName;
  /** A literal subject: wildcards are slow on a large stream. */
  readonly filter: string;
  /** Of all data together; one message comes in any case. */
  readonly maxBytes: number;
};

export type NewestPage = {
  /** Newest first. */
  readonly messages: readonly BatchMessage[];
  readonly hasOlder: boolean;
};

/** Bounds the first request. Most filters match less, and need no second one. */
const FIRST_BYTES = 8 * 1024 * 1024;

/**
 * The newest messages of a filter before a sequence. Streams are only read forward, but each reply says
 * how many messages come after: a bisection finds where the page begins, in some twenty requests for a
 * filter that matches millions, and in one where the first reply holds all.
 */
export const readNewest = async (nats: Nats, query: NewestQuery): Promise<NewestPage> => {
  const { stream, filter, beforeSeq = Infinity, limit, maxBytes } = query;
  const part = { stream, filter, from: 1, size: limit + 1, maxBytes: FIRST_BYTES };
  const first = await readStored(nats, part);
  const [oldest] = first;
  if (oldest === undefined || oldest.seq >= beforeSeq) return { messages: [], hasOlder: false };
  const last = first.at(-1);
  const isWhole = last !== undefined && (last.pending === 0 || last.seq >= beforeSeq);
  let messages: readonly BatchMessage[] = [];
  const from = isWhole ? 0 : await startOfPage(nats, query, oldest);
  const rest = isWhole ? first : readThrough(nats, { stream, filter, from, size: limit + 1 });
  for await (const message of rest) {
    if (message.seq >= beforeSeq) break;
    messages = newestWithin([message, ...messages], limit, maxBytes);
  }
  return { messages, hasOlder: (messages.at(-1)?.seq ?? 0) > oldest.seq };
};

/** A sequence with as many messages of the filter behind it as the page takes, or a few more. */
const startOfPage = async (
  nats: Nats,
  { stream, filter, beforeSeq, limit }: NewestQuery,
  oldest: BatchMessage,
): Promise<number> => {
  const countFrom = async (from: number): Promise<number> => {
    const [next] = await readStored(nats, { stream, filter, from, size: 1, maxBytes: 1 });
    return next === undefined ? 0 : next.pending + 1;
  };
  const end = beforeSeq ?? (await streamState(nats, stream)).last_seq + 1;
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

const SUBJECTS_AT_ONCE = 8;

/** The newest messages of some subjects together: the newest of each, merged. */
export const newestOfSubjects = async (
  nats: Nats,
  subjects: readonly string[],
  query: Omit<NewestQuery, "filter">,
): Promise<NewestPage> => {
  const page = mergedPage(query);
  await mapConcurrently(subjects, SUBJECTS_AT_ONCE, async (filter) => {
    page.merge(await readNewest(nats, { ...query, filter }));
  });
  return page.merged();
};

/** Keeps the newest messages of all pages, as many as fit, without a gap. */
const mergedPage = ({ limit, maxBytes }: Omit<NewestQuery, "filter">) => {
  let messages: readonly BatchMessage[] = [];
  // A page left out messages before this sequence: so does the result, or a later page would miss them.
  let fromSeq = 0;
  return {
    merge: (one: NewestPage): void => {
      if (one.hasOlder) fromSeq = Math.max(fromSeq, one.messages.at(-1)?.seq ?? 0);
      // A subject with a literal `*` in it finds the messages of other subjects, too.
      const bySeq = new Map(
        [...messages, ...one.messages].map((message) => [message.seq, message]),
      );
      const all = [...bySeq.values()].toSorted((a, b) => b.seq - a.seq);
      const whole = all.filter(({ seq }) => seq >= fromSeq);
      messages = newestWithin(whole, limit, maxBytes);
      if (messages.length < all.length) fromSeq = messages.at(-1)?.seq ?? fromSeq;
    },
    merged: (): NewestPage => ({ messages, hasOlder: fromSeq > 0 }),
  };
};

const newestWithin = (
  newestFirst: readonly BatchMessage[],
  limit: number,
  maxBytes: number,
): readonly BatchMessage[] => {
  let bytes = 0;
  let count = 0;
  for (const { data } of newestFirst.slice(0, limit)) {
    bytes += data.byteLength;
    if (bytes > maxBytes && count > 0) break;
    count += 1;
  }
  return newestFirst.slice(0, count);
};
