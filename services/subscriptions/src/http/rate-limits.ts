import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest } from "fastify";
import type { Api } from "./api.ts";

/** Counts a request; the seconds to wait when it is one too many. */
export type CountRequest = (request: FastifyRequest) => Promise<number | undefined>;

export type RequestLimits = {
  /** Requests with a valid key, by the key. */
  readonly ofKey: CountRequest;
  /** Requests without one, by address: valid keys from the same address are not counted here. */
  readonly ofAnonymous: CountRequest;
};

const MINUTE_MS = 60_000;
const ANONYMOUS_PER_MINUTE = 600;

/**
 * How many requests a process takes in a minute. The two counts are apart, so that whoever guesses keys
 * can neither use up a key's requests nor push its count out of memory. Each counts 5,000 keys or
 * addresses at once and forgets those that were quiet longest: the library's bound.
 */
export const requestLimits = async (api: Api, perMinutePerKey: number): Promise<RequestLimits> => {
  const counting = await counters(api);
  return {
    ofKey: counting(perMinutePerKey, ({ caller }) => caller?.keyId ?? ""),
    ofAnonymous: counting(ANONYMOUS_PER_MINUTE),
  };
};

/** As many requests as strangers may make, by address: for what is read without a key. */
export const openLimit = async (api: Api): Promise<CountRequest> =>
  (await counters(api))(ANONYMOUS_PER_MINUTE);

const counters = async (api: Api) => {
  await api.register(rateLimit, { global: false, timeWindow: MINUTE_MS });
  return (max: number, keyGenerator?: (request: FastifyRequest) => string): CountRequest => {
    const by = keyGenerator === undefined ? {} : { keyGenerator };
    const count = api.createRateLimit({ max, ...by });
    return async (request) => {
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return undefined;
      return Math.max(1, counted.ttlInSeconds);
    };
  };
};
