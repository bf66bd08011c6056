import { isUnavailable as isNatsUnavailable } from "@ringback/runtime/nats-errors";
import type { Nats } from "@ringback/runtime/nats";

/** Nothing is known to be wrong with the request: trying again in a moment may help. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** True for what an answer 503 is due for. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof UnavailableError || isNatsUnavailable(error);

/** Throws at once while the connection is down, where the client would keep requests for later. */
export const refuseWhileDisconnected = (nats: Nats): void => {
  if (!nats.isConnected()) throw new UnavailableError("not connected to NATS");
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
