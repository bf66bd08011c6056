import { DISPATCHER_FILTERS, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { firstOf, type DueFirst } from "./decide/due-first.ts";

/** Decoding a page blocks the event loop, at about 40 µs a message. */
const PAGE = 32;
/** So many pages at each look, however much is due. */
const PAGES = 8;
const MAX_READ = PAGE * PAGES;

/** What is due on RETRIES and no dispatcher has taken. */
export type DueRetries = {
  /** Since when the oldest is due, in ms since 1970 by NATS's clock; undefined: nothing is, or that is not known. */
  readonly oldestAtMs: number | undefined;
  readonly first: DueFirst;
};

type Range = {
  readonly due: number;
  /** The sequence of the last message that was handed out. */
  readonly takenUpTo: number;
  readonly lastSeq: number;
};

/** NATS stores a message when it is due. Of very many, pages at even distances stand for all. */
export const readDueRetries = async (nats: Nats, range: Range): Promise<DueRetries> => {
  const { due, takenUpTo, lastSeq } = range;
  const read: BatchMessage[] = [];
  if (due === 0) return { oldestAtMs: undefined, first: firstOf(read, due, MAX_READ) };
  const step = due > MAX_READ ? (lastSeq - takenUpTo) / PAGES : 0;
  const filter = DISPATCHER_FILTERS[STREAMS.retries];
  for (let n = 0; n < PAGES; n += 1) {
    const from = Math.max(read.at(-1)?.seq ?? 0, takenUpTo + Math.floor(n * step)) + 1;
    const page = await readPage(nats, STREAMS.retries, { filter, from, size: PAGE });
    read.push(...page);
    if (page.length < PAGE) break;
  }
  return { oldestAtMs: read[0]?.time.getTime(), first: firstOf(read, due, MAX_READ) };
};
