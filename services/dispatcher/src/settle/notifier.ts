import { within } from "@ringback/runtime/process/concurrency";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { exhaustedOperation, invalidOperation } from "@ringback/contracts/deliveries/operation";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import type { DispatcherMetrics } from "../metrics.ts";
import { fairQueue } from "./fair-queue.ts";
import { noticeIds, publishNotice, type Notice, type PublishDeps } from "./publish-exhausted.ts";

type NotifierDeps = {
  /** Tries once; throws where that fails. */
  readonly publish: (notice: Notice) => Promise<void>;
  readonly metrics: Pick<DispatcherMetrics, "operationsDropped">;
  readonly log: Logger;
  /** How many notices wait at most, of all workspaces. */
  readonly maxWaiting?: number;
};

/** Publishes that a delivery was dead-lettered. Idempotent, never throws, and returns soon in any case. */
export type Notifier = {
  readonly publishExhausted: (record: AttemptRecord, deliveryId: string) => Promise<void>;
  /** For an event that could not be parsed. */
  readonly publishInvalid: (deadLetter: DeadLetter) => Promise<void>;
  /** Publishes what still waits, if that works at once; counts and logs what is lost. */
  readonly stop: () => Promise<void>;
};

/** About 1 KB each. */
const MAX_WAITING = 8_192;
/** A notice delays the acknowledgement of its message by at most this. */
const MAX_HOLD_MS = 500;
const STOP_MS = 1_000;

/**
 * Publishes notices before the message is acknowledged while that works, so that the next process repeats
 * what this one did not finish. Else they wait in memory, where each workspace has its share; what finds no
 * room is dropped.
 */
export const startNotifier = (deps: NotifierDeps): Notifier => {
  const { publish, metrics, log, maxWaiting = MAX_WAITING } = deps;
  const queue = fairQueue<Notice>(maxWaiting);
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  const drop = (notice: Notice, error?: unknown): void => {
    const { kind } = notice;
    metrics.operationsDropped.inc({ kind });
    log.error({ kind, ...noticeIds(notice), err: error }, "operation.not_told");
  };

  const keep = (notice: Notice): void => {
    const evicted = queue.add(notice.workspace_id, notice);
    if (evicted !== undefined) drop(evicted);
    working ??= work().finally(() => {
      working = undefined;
    });
  };

  const work = async (): Promise<void> => {
    for (let notice = queue.next(); notice !== undefined; notice = queue.next()) {
      for (let failed = 0; ; failed += 1) {
        const error = await errorOf(publish(notice));
        if (error === undefined) break;
        if (stopping.signal.aborted || !isUnavailable(error)) {
          drop(notice, error);
          break;
        }
        await pause(backoffMs(failed), stopping.signal);
      }
    }
  };

  const take = async (notice: Notice): Promise<void> => {
    if (working !== undefined) return keep(notice); // publishing does not work just now
    const error = await within(MAX_HOLD_MS, errorOf(publish(notice)), TOO_SLOW);
    if (error === undefined) return;
    if (error === TOO_SLOW || isUnavailable(error)) keep(notice);
    else drop(notice, error);
  };

  return {
    publishExhausted: (record, deliveryId) => take(exhaustedOperation(record, deliveryId)),
    publishInvalid: async (deadLetter) => {
      if (deadLetter.reason !== "invalid_event") return;
      const notice = invalidOperation(deadLetter);
      if (notice !== undefined) await take(notice);
    },
    stop: async () => {
      const ended = working;
      if (ended === undefined) return;
      await within(STOP_MS, ended, undefined);
      stopping.abort();
      for (let notice = queue.next(); notice !== undefined; notice = queue.next()) drop(notice);
    },
  };
};

/** A notifier that publishes on NATS. */
export const natsNotifier = (deps: PublishDeps & Omit<NotifierDeps, "publish">): Notifier =>
  startNotifier({ ...deps, publish: (notice) => publishNotice(notice, deps) });

const TOO_SLOW = new Error("publishing takes long");

/** What it rejects with; undefined where it does not. */
const errorOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
