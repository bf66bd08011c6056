/**
 * What the index takes for a message, with its call and what is counted of it, and what the message takes on its stream, in
 * bytes (docs/operations.md; the tables of `make history-load`, by SQLite's dbstat).
 */
const EVENT = { indexed: 204, stored: 1_100 };
const ATTEMPT = { indexed: 156, stored: 1_300 };

/** For the file's log, and for what comes before the oldest rows are dropped. */
export const SIZE_MARGIN = 1.25;

type StreamLimits = {
  readonly EVENTS_MAX_BYTES?: number | undefined;
  readonly ATTEMPTS_MAX_BYTES?: number | undefined;
};

/** How large an index of full streams is, with events of 1 KiB; undefined where one of them has no limit. */
export const neededBytes = ({
  EVENTS_MAX_BYTES: events,
  ATTEMPTS_MAX_BYTES: attempts,
}: StreamLimits): number | undefined => {
  if (events === undefined || attempts === undefined) return undefined;
  const ofEvents = (events / EVENT.stored) * EVENT.indexed;
  const ofAttempts = (attempts / ATTEMPT.stored) * ATTEMPT.indexed;
  return Math.ceil(SIZE_MARGIN * (ofEvents + ofAttempts));
};
