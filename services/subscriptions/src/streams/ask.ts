import { isUnavailable as isNatsUnavailable } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import { within } from "@ringback/runtime/process/concurrency";

/** The request itself may be right: a retry in a moment may succeed. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** True for errors that a response 503 reports. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof UnavailableError || isNatsUnavailable(error);

/** Throws at once while NATS is known not to reply, where a request would wait for its time-out. */
export const refuseWhileDisconnected = (nats: Nats): void => {
  const problem = nats.problem();
  if (problem !== undefined) throw new UnavailableError(problem);
};

/** How long a request to NATS may wait for its reply. */
export const REPLY_TIMEOUT_MS = 2_000;

const NO_REPLY = Symbol("no reply in time");

/** Does work that NATS has to reply to. Throws an error that `isUnavailable` knows when it does not. */
export const ask = async <T>(
  nats: Nats,
  what: string,
  work: () => Promise<T>,
  timeoutMs = REPLY_TIMEOUT_MS,
): Promise<T> => {
  refuseWhileDisconnected(nats);
  const reply = await within(timeoutMs, work(), NO_REPLY);
  if (reply === NO_REPLY) throw new UnavailableError(`${what}: no reply within ${timeoutMs} ms`);
  return reply;
};
