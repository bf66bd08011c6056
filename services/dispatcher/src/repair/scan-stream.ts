import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { afterLook, nextToRead, surveyFrom } from "./decide/scan-progress.ts";

export type ReadThroughOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  readonly fromSeq: number;
  /** How long after the end was reached it is looked at again. */
  readonly tailAgainMs: number;
  /** Looks at a page; says when something in it has to be looked at again. */
  readonly judge: (page: readonly BatchMessage[], nowMs: number) => Promise<number | undefined>;
  readonly now: () => number;
};

/** A page is decoded in one go, about 40 µs a message: what comes in meanwhile waits for that long. */
const PAGE = 32;
/** After each page it rests so many times as long as that took: deliveries have most of the time. */
const REST_BY_WORK = 3;
const MOST_REST_MS = 100;
/** With a round every 10 s: at most 3,200 messages a second. */
const PAGES_PER_ROUND = 1_000;
const ROUND_MS = 4_000;

/**
 * Reads what is to be looked at in a stream by now, page by page, while `canGoOn`, and at most for a
 * few seconds; the rest is read in the next round. Keeps in memory when to look at which page again.
 */
export const readThrough = (
  options: ReadThroughOptions,
): ((canGoOn: () => boolean) => Promise<void>) => {
  const { nats, stream, filter, tailAgainMs, judge, now } = options;
  let survey = surveyFrom(options.fromSeq);
  return async (canGoOn) => {
    const begunMs = now();
    for (let pages = 0; pages < PAGES_PER_ROUND && canGoOn(); pages += 1) {
      const nowMs = now();
      const workedFromMs = performance.now();
      const fromSeq = nextToRead(survey, nowMs);
      if (fromSeq === undefined || nowMs - begunMs > ROUND_MS) return;
      const page = await readPage(nats, stream, { filter, from: fromSeq, size: PAGE });
      survey = afterLook(survey, {
        fromSeq,
        lastSeq: page.at(-1)?.seq,
        isEnd: page.length < PAGE,
        lookAtMs: await judge(page, nowMs),
        nowMs,
        tailLookAtMs: nowMs + tailAgainMs,
      });
      const restMs = REST_BY_WORK * (performance.now() - workedFromMs);
      await pause(Math.min(MOST_REST_MS, restMs));
    }
  };
};
