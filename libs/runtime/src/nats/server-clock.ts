import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { elapsedMs } from "../process/elapsed.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "./connection.ts";

/** One answer of the server that says its time. */
export type TimeReply = {
  readonly requestedMs: number;
  readonly repliedMs: number;
  /** Its time in between, in ms since 1970. */
  readonly serverMs: number;
};

/** What is known of the server's clock: at most `slackMs` behind `offsetMs` + the time here. */
export type TimeEstimate = {
  readonly offsetMs: number;
  readonly slackMs: number;
  readonly atMs: number;
};

/** Clocks drift, so that the best answer of all is not the best for ever. */
const BELIEVED_MS = 60_000;

/**
 * The estimate after one more answer. It is the latest that the server's time can be, so that what waits
 * for a time there is not early. A quick answer says more than a slow one; one that an earlier estimate
 * cannot agree with says that a clock was set.
 */
export const estimateAfter = (
  before: TimeEstimate | undefined,
  { requestedMs, repliedMs, serverMs }: TimeReply,
): TimeEstimate => {
  const slackMs = repliedMs - requestedMs;
  const offsetMs = serverMs - requestedMs;
  const now = { offsetMs, slackMs, atMs: repliedMs };
  if (before === undefined || slackMs <= before.slackMs) return now;
  if (repliedMs - before.atMs > BELIEVED_MS) return now;
  const agrees =
    before.offsetMs >= offsetMs - slackMs && before.offsetMs - before.slackMs <= offsetMs;
  return agrees ? before : now;
};

/** NATS's clock, as this process knows it. */
export type ServerClock = {
  /** NATS's time in ms since 1970; this machine's until an answer has come. */
  readonly nowMs: () => number;
  /** How far NATS's clock is ahead of this machine's, in ms; negative: behind. */
  readonly aheadMs: () => number;
  readonly stop: () => Promise<void>;
};

const READ_EVERY_MS = 5_000;
const RETRY_AFTER_MS = 500;

/**
 * Asks the leader of a stream for its time every few seconds; resolves with the first answer, or when
 * `signal` is aborted. In between it goes on by a clock that is never set, so a clock of this machine that
 * is set is noticed at once.
 */
export const followServerClock = async (
  nats: Nats,
  stream: StreamName,
  log: Logger,
  signal?: AbortSignal,
): Promise<ServerClock> => {
  const stopping = new AbortController();
  signal?.addEventListener("abort", () => stopping.abort(), { once: true });
  const known = Promise.withResolvers<void>();
  let estimate: TimeEstimate | undefined;
  const read = async (): Promise<void> => {
    const requestedMs = elapsedMs();
    const serverMs = timeIn(await nats.jsm.streams.info(stream));
    if (serverMs !== undefined) {
      estimate = estimateAfter(estimate, { requestedMs, repliedMs: elapsedMs(), serverMs });
    }
    known.resolve();
  };
  const follow = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (nats.isConnected()) await read();
      } catch (error) {
        log.debug({ err: error, stream }, "server_clock.not_seen");
      }
      await pause(estimate === undefined ? RETRY_AFTER_MS : READ_EVERY_MS, stopping.signal);
    }
    known.resolve();
  };
  const ended = follow();
  await known.promise;
  const nowMs = (): number =>
    estimate === undefined ? Date.now() : elapsedMs() + estimate.offsetMs;
  return {
    nowMs,
    aheadMs: () => nowMs() - Date.now(),
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

/** The server says its time with every answer about a stream (`ts`); the client's type does not know it. */
const timeIn = (info: object): number | undefined => {
  const { ts } = info as { readonly ts?: unknown };
  const ms = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
};

/** For the gauge `ringback_clock_offset_seconds`: this machine's clock less that of NATS. */
export const clockOffsetSeconds = (clock: Pick<ServerClock, "aheadMs"> | undefined): number =>
  clock === undefined ? 0 : -clock.aheadMs() / 1_000;
