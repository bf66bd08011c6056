import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "../nats/connection.ts";
import { pause } from "../process/backoff.ts";
import { readPage, type BatchMessage } from "./read-batch.ts";

/** Decoding a page, at about 40 µs a message, blocks the event loop. */
const PAGE = 32;
const MAX_PAUSE_MS = 100;

export type PageScan = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  /** The pause after a page, as a multiple of the time that the page took: 3 leaves 3/4 of the event loop. */
  readonly pauseByWork: number;
  readonly maxMs: number;
  /** Where the next page begins; undefined: nothing to read for now. */
  readonly next: () => number | Date | undefined;
  readonly visit: (page: readonly BatchMessage[], isEnd: boolean) => Promise<void> | void;
};

/** Reads pages of a stream slowly, beside the deliveries, while `canGoOn`; ends after `maxMs` at the latest. */
export const scanPages = async (scan: PageScan, canGoOn: () => boolean): Promise<void> => {
  const { nats, stream, filter, pauseByWork, maxMs, next, visit } = scan;
  const startMs = performance.now();
  while (canGoOn() && performance.now() - startMs <= maxMs) {
    const pageStartMs = performance.now();
    const from = next();
    if (from === undefined) return;
    const page = await readPage(nats, stream, { filter, from, size: PAGE });
    await visit(page, page.length < PAGE);
    await pause(Math.min(MAX_PAUSE_MS, pauseByWork * (performance.now() - pageStartMs)));
  }
};
