import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { inBackground, type Background } from "../process/concurrency.ts";
import { elapsedMs } from "../process/elapsed.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "./connection.ts";

/** A reply of the server with its time. */
export type TimeReply = {
  readonly requestedMs: number;
  readonly repliedMs: number;
  /** The server's time at some moment between the two, in ms since 1970. */
  readonly serverMs: number;
};

/** The server's time is this process's time + `offsetMs`, or up to `slackMs` less. */
export type TimeEstimate = {
  readonly offsetMs: number;
  readonly slackMs: number;
  readonly atMs: number;
};

/** Clocks drift, so an estimate is replaced after this time, however quick its reply was. */
const BELIEVED_MS = 60_000;

/**
 * The estimate after one more reply: the latest that the server's time can be, so that nothing that waits for a time
 * of the server is early. The quicker reply counts, unless the two contradict each other: then a clock was set.
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
export type ServerClock = Background & {
  /** NATS's time in ms since 1970; this machine's until the first reply. */
  readonly nowMs: () => number;
  /** A time that NATS's clock has passed for certain, by as much as a reply took to come: `nowMs` may be ahead of it. */
  readonly passedMs: () => number;
  /** Whether NATS has said its time. */
  readonly isKnown: () => boolean;
  /** How far NATS's clock is ahead of this machine's, in ms; negative: behind. */
  readonly aheadMs: () => number;
};

const READ_EVERY_MS = 5_000;
const RETRY_AFTER_MS = 500;

/**
 * Reads the time from the leader of a stream every few seconds; resolves with the first reply, or when `signal` is
 * aborted. Between two replies it counts by a monotonic clock, so that setting this machine's clock changes nothing.
 */
export const followServerClock = async (
  nats: Nats,
  stream: StreamName,
  log: Logger,
  signal: AbortSignal,
): Promise<ServerClock> => {
  const known = Promise.withResolvers<void>();
  let estimate: TimeEstimate | undefined;
  const read = async (): Promise<void> => {
    const requestedMs = elapsedMs();
    const serverMs = serverTimeIn(await nats.jsm.streams.info(stream));
    if (serverMs !== undefined) {
      estimate = estimateAfter(estimate, { requestedMs, repliedMs: elapsedMs(), serverMs });
    }
    known.resolve();
  };
  const following = inBackground(async (stopping) => {
    const ending = AbortSignal.any([stopping, signal]);
    while (!ending.aborted) {
      try {
        if (nats.isConnected()) await read();
      } catch (error) {
        log.debug({ err: error, stream }, "server_clock.not_seen");
      }
      await pause(estimate === undefined ? RETRY_AFTER_MS : READ_EVERY_MS, ending);
    }
    known.resolve();
  });
  await known.promise;
  const nowMs = (): number =>
    estimate === undefined ? Date.now() : elapsedMs() + estimate.offsetMs;
  return {
    nowMs,
    passedMs: () => nowMs() - (estimate?.slackMs ?? 0),
    isKnown: () => estimate !== undefined,
    aheadMs: () => nowMs() - Date.now(),
    stop: following.stop,
  };
};

/** The server's time in ms since 1970: each reply about a stream has it (`ts`), though the client's type does not. */
const serverTimeIn = (info: object): number | undefined => {
  const { ts } = info as { readonly ts?: unknown };
  const ms = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
};

/** For the gauge `ringback_clock_offset_seconds`: this machine's clock less that of NATS; undefined until it is known. */
export const clockOffsetSeconds = (
  clock: Pick<ServerClock, "aheadMs" | "isKnown"> | undefined,
): number | undefined => (clock?.isKnown() === true ? -clock.aheadMs() / 1_000 : undefined);
