import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import type { DispatcherMetrics } from "../metrics.ts";
import { within } from "../send/within.ts";
import type { TellExhausted, TellInvalid } from "./settle.ts";
import { sharedLine } from "./fair-queue.ts";
import {
  exhaustedNews,
  invalidNews,
  tellOnce,
  type ExhaustedNews,
  type TellDeps,
} from "./publish-exhausted.ts";

type TellingParts = {
  readonly metrics: Pick<DispatcherMetrics, "operationsDropped">;
  readonly log: Logger;
  /** How much waits at most, of all workspaces. */
  readonly maxWaiting?: number;
};

export type TellingDeps = TellingParts & {
  /** Tries once; throws where it does not work. */
  readonly tell: (news: ExhaustedNews) => Promise<void>;
};

export type Telling = {
  /** Never throws, and is back soon whatever became of it. */
  readonly tellExhausted: TellExhausted;
  /** The same of an event that was no event. */
  readonly tellInvalid: TellInvalid;
  /** Tells what still waits, if that can be done at once; counts and logs what is lost. */
  readonly stop: () => Promise<void>;
};

/** About 1 KB each. */
const MAX_WAITING = 8_192;
/** A dead letter's message waits so long to be acknowledged for what is told of it. */
const MAX_HOLD_MS = 500;
const STOP_MS = 1_000;

/**
 * Tells of deliveries that were given up, without standing in their way: before the message is acknowledged
 * while telling works, so that what dies in between is told by the next one; else from a line in memory, in
 * which each workspace has its share, until it works again. What finds no room there is dropped.
 */
export const startTelling = (deps: TellingDeps): Telling => {
  const { tell, metrics, log, maxWaiting = MAX_WAITING } = deps;
  const line = sharedLine<ExhaustedNews>(maxWaiting);
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  const drop = (news: ExhaustedNews, error?: unknown): void => {
    const { kind, event_id, workspace_id } = news.operation;
    metrics.operationsDropped.inc({ kind });
    log.error({ kind, event_id, workspace_id, err: error }, "operation.not_told");
  };

  const keep = (news: ExhaustedNews): void => {
    const tooMuch = line.add(news.operation.workspace_id, news);
    if (tooMuch !== undefined) drop(tooMuch);
    working ??= work().finally(() => {
      working = undefined;
    });
  };

  const work = async (): Promise<void> => {
    let failed = 0;
    for (let news = line.next(); news !== undefined; news = line.next()) {
      for (;;) {
        const error = await errorOf(tell(news));
        if (error === undefined) break;
        if (stopping.signal.aborted || !isUnavailable(error)) {
          drop(news, error);
          break;
        }
        await pause(backoffMs(failed), stopping.signal);
        failed += 1;
      }
      failed = 0;
    }
  };

  const take = async (news: ExhaustedNews): Promise<void> => {
    if (working !== undefined) return keep(news); // it does not work just now
    const error = await within(MAX_HOLD_MS, errorOf(tell(news)), TOO_SLOW);
    if (error === undefined) return;
    if (error === TOO_SLOW || isUnavailable(error)) keep(news);
    else drop(news, error);
  };

  return {
    tellExhausted: (record, deliveryId) => take(exhaustedNews(record, deliveryId)),
    tellInvalid: async (letter) => {
      const news = invalidNews(letter);
      if (news !== undefined) await take(news);
    },
    stop: async () => {
      const ended = working;
      if (ended === undefined) return;
      await within(STOP_MS, ended, undefined);
      stopping.abort();
      for (let news = line.next(); news !== undefined; news = line.next()) drop(news);
    },
  };
};

/** Telling on NATS. */
export const tellingOn = (deps: TellDeps & TellingParts): Telling =>
  startTelling({ ...deps, tell: (news) => tellOnce(news, deps) });

const TOO_SLOW = new Error("telling takes long");

const errorOf = async (work: Promise<void>): Promise<Error | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};
