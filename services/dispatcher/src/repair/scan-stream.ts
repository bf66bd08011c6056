import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { scanPages } from "@ringback/runtime/streams/scan-pages";
import { afterPage, nextToScan, scanFrom } from "./decide/scan-progress.ts";

export type ScanOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  readonly fromSeq: number;
  /** How soon the end of the stream is read again. */
  readonly tailAgainMs: number;
  /** Visits a page; returns when the page has to be visited again. */
  readonly visit: (page: readonly BatchMessage[], nowMs: number) => Promise<number | undefined>;
  readonly now: () => number;
};

const ROUND_MS = 4_000;

/**
 * Scans a stream again and again, in rounds of a few seconds. Remembers when to visit each page again, so
 * that a round reads only what is due.
 */
export const streamScan = (options: ScanOptions): ((canGoOn: () => boolean) => Promise<void>) => {
  const { nats, stream, filter, tailAgainMs, visit, now } = options;
  let progress = scanFrom(options.fromSeq);
  return async (canGoOn) => {
    let nowMs = now();
    let fromSeq: number | undefined;
    const next = (): number | undefined => {
      nowMs = now();
      return (fromSeq = nextToScan(progress, nowMs));
    };
    const visitPage = async (page: readonly BatchMessage[], isEnd: boolean): Promise<void> => {
      if (fromSeq === undefined) return;
      const lastSeq = page.at(-1)?.seq;
      const dueMs = await visit(page, nowMs);
      const tailDueMs = nowMs + tailAgainMs;
      progress = afterPage(progress, { fromSeq, lastSeq, isEnd, dueMs, nowMs, tailDueMs });
    };
    const pages = { next, visit: visitPage, pauseByWork: 3, maxMs: ROUND_MS };
    await scanPages({ nats, stream, filter, ...pages }, canGoOn);
  };
};
