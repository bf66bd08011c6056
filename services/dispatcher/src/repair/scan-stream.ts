import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { scanPages } from "@ringback/runtime/streams/scan-pages";
import { afterPage, nextToScan, scanFrom } from "./decide/scan-progress.ts";

type ScanOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  readonly fromSeq: number;
  /** How soon the end of the stream is read again. */
  readonly tailAgainMs: number;
  readonly now: () => number;
};

/** Visits a page; returns when the page has to be visited again. `isEnd`: the stream ended with it. */
type Visit = (
  page: readonly BatchMessage[],
  nowMs: number,
  isEnd: boolean,
) => Promise<number | undefined>;

const ROUND_MS = 4_000;

/**
 * Scans a stream again and again, in rounds of a few seconds. Remembers when to visit each page again, so
 * that a round reads only what is due.
 */
export const streamScan = (
  options: ScanOptions,
): ((canGoOn: () => boolean, visit: Visit) => Promise<void>) => {
  const { nats, stream, filter, tailAgainMs, now } = options;
  let progress = scanFrom(options.fromSeq);
  return async (canGoOn, visit) => {
    let nowMs = now();
    let fromSeq: number | undefined;
    const next = (): number | undefined => {
      nowMs = now();
      return (fromSeq = nextToScan(progress, nowMs));
    };
    const visitPage = async (page: readonly BatchMessage[], isEnd: boolean): Promise<void> => {
      if (fromSeq === undefined) return;
      const lastSeq = page.at(-1)?.seq;
      const dueMs = await visit(page, nowMs, isEnd);
      const tailDueMs = nowMs + tailAgainMs;
      progress = afterPage(progress, { fromSeq, lastSeq, isEnd, dueMs, nowMs, tailDueMs });
    };
    const pages = { next, visit: visitPage, pauseByWork: 3, maxMs: ROUND_MS };
    await scanPages({ nats, stream, filter, ...pages }, canGoOn);
  };
};
