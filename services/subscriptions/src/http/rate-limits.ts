import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest } from "fastify";
import type { Api } from "./api.ts";
import { RefusedError } from "./refused-error.ts";

/** Counts a request; throws a RefusedError for one too many. */
export type CountRequest = (request: FastifyRequest) => Promise<void>;

export type RequestLimits = {
  /** Requests with a valid key, by the key. */
  readonly ofKey: CountRequest;
  /** Requests without one, by address: valid keys from the same address are not counted here. */
  readonly ofAnonymous: CountRequest;
};

const MINUTE_MS = 60_000;
const ANONYMOUS_PER_MINUTE = 600;

/**
 * Limits the requests that a process takes in a minute. The two counts are apart, so that somebody who guesses
 * keys can neither use up a key's requests nor push its count out of memory. Each counts 5,000 keys or
 * addresses at once and forgets those without a request for the longest time: the library's bound.
 */
export const requestLimits = async (api: Api, perMinutePerKey: number): Promise<RequestLimits> => {
  const limit = await limiter(api);
  return {
    ofKey: limit("this key", perMinutePerKey, ({ credential }) => credential?.id ?? ""),
    ofAnonymous: limit("this address without a valid key", ANONYMOUS_PER_MINUTE),
  };
};

/** The limit of requests without a key, by address, for what anybody may read. */
export const openLimit = async (api: Api): Promise<CountRequest> =>
  (await limiter(api))("this address", ANONYMOUS_PER_MINUTE);

const limiter = async (api: Api) => {
  await api.register(rateLimit, { global: false, timeWindow: MINUTE_MS });
  return (
    who: string,
    max: number,
    keyGenerator?: (request: FastifyRequest) => string,
  ): CountRequest => {
    const count = api.createRateLimit({ max, ...(keyGenerator && { keyGenerator }) });
    return async (request) => {
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      const waitSeconds = Math.max(1, counted.ttlInSeconds);
      const detail = `Too many requests for ${who}; retry after ${waitSeconds} s.`;
      throw new RefusedError({ code: "too_many_requests", detail }, waitSeconds);
    };
  };
};
