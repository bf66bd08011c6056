/** Whether there was a route and a resolver for an endpoint at its last attempt. */
export type ReachSign = { readonly atMs: number; readonly reached: boolean };

/** The latest signs of the endpoints of one workspace. */
export type ReachSigns = ReadonlyMap<string, ReachSign>;

/** Fewer endpoints than this say nothing about our own network. */
const MIN_ENDPOINTS = 8;
const SHARE = 0.9;
const WINDOW_MS = 30_000;

/**
 * True when nearly every endpoint of nearly every workspace could not be reached lately because there was no route
 * or no resolver: our own network is down, which uses up no attempts of customers. By workspace, as one
 * customer's many names without a name server say nothing of our network.
 */
export const isNetworkOutage = (
  byWorkspace: ReadonlyMap<string, ReachSigns>,
  nowMs: number,
): boolean => {
  const recent = [...byWorkspace.values()]
    .map((signs) => [...signs.values()].filter(({ atMs }) => nowMs - atMs <= WINDOW_MS))
    .filter(({ length }) => length > 0);
  const endpoints = recent.reduce((sum, { length }) => sum + length, 0);
  const cutOff = recent.filter(isCutOff);
  return endpoints >= MIN_ENDPOINTS && cutOff.length >= recent.length * SHARE;
};

const isCutOff = (signs: readonly ReachSign[]): boolean =>
  signs.filter(({ reached }) => !reached).length >= signs.length * SHARE;
