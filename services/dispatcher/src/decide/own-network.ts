/** The latest sign of each endpoint: whether a route and a resolver were there for it. */
export type ReachSigns = ReadonlyMap<string, { readonly atMs: number; readonly reached: boolean }>;

/** Fewer endpoints than this say nothing about our own network. */
const LEAST_ENDPOINTS = 8;
const SHARE = 0.9;
const WINDOW_MS = 30_000;

/**
 * True when nearly every endpoint that was tried lately could not be reached for want of a route or a
 * resolver: that is our own network, and customers' attempts are not used up by it.
 */
export const looksLikeOwnNetwork = (signs: ReachSigns, nowMs: number): boolean => {
  const recent = [...signs.values()].filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
  const unreached = recent.filter(({ reached }) => !reached);
  return recent.length >= LEAST_ENDPOINTS && unreached.length >= recent.length * SHARE;
};
