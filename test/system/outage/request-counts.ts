import type { Receiver } from "../../harness/receiver/receiver.ts";

/** How many events were requested how often: `{1: 50}` is 50 events with one request each. */
export function requestCounts(receiver: Receiver, path?: string): Record<number, number> {
  const requests = path === undefined ? receiver.requests : receiver.requestsTo(path);
  const perEvent = Object.groupBy(requests, ({ headers }) => String(headers["webhook-id"]));
  const counts: Record<number, number> = {};
  for (const of of Object.values(perEvent)) {
    const n = of?.length ?? 0;
    counts[n] = (counts[n] ?? 0) + 1;
  }
  return counts;
}
