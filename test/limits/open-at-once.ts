import type { ReceivedRequest } from "../harness/receiver/receiver.ts";

/** When a request came and when it was over, as its receiver saw it. */
export type Exchange = Pick<ReceivedRequest, "atMs" | "closedAtMs">;

/** How many of these were open when this one had just come, itself included. */
export const openWhenCame = (one: Exchange, all: readonly Exchange[]): number =>
  all.filter(
    ({ atMs, closedAtMs }) =>
      atMs <= one.atMs && (closedAtMs === null || closedAtMs > one.atMs || atMs === one.atMs),
  ).length;

/** The most of these requests that were open at once; one that is not over yet stays open. */
export const mostOpenAtOnce = (all: readonly Exchange[]): number => {
  const changes = all.flatMap(({ atMs, closedAtMs }) => [
    { atMs, change: 1 },
    ...(closedAtMs === null ? [] : [{ atMs: closedAtMs, change: -1 }]),
  ]);
  let open = 0;
  let most = 0;
  // In the same millisecond the ends come first: a place is taken again as soon as it is free.
  for (const { change } of changes.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change)) {
    open += change;
    most = Math.max(most, open);
  }
  return most;
};
