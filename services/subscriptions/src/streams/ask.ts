import { isUnavailable as isNatsUnavailable } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";

/** Nothing is known to be wrong with the request: trying again in a moment may help. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** True for what an answer 503 is due for. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof UnavailableError || isNatsUnavailable(error);

/** Throws at once while NATS is known to give no answer, where a request would wait for its time-out. */
export const refuseWhileDisconnected = (nats: Nats): void => {
  const problem = nats.problem();
  if (problem !== undefined) throw new UnavailableError(problem);
};

/** The promise's result, or UnavailableError when it takes longer. */
export const within = async <T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> => {
  const outOfTime = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => outOfTime.reject(new UnavailableError(`${what}: no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([work, outOfTime.promise]);
  } finally {
    clearTimeout(timer);
  }
};
