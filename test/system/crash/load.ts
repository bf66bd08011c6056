import type { Platform } from "../../harness/process/platform.ts";
import type { Receiver } from "../../harness/receiver/receiver.ts";

/** Publishes `n` events, of a call each, without waiting in between; gives their sequences. */
export const publishCalls = async (
  platform: Platform,
  name: string,
  n: number,
): Promise<number[]> => {
  const ids = Array.from({ length: n }, (_none, i) => `${name}-${i}`);
  const published = await Promise.all(ids.map((callId) => platform.publish({ callId })));
  return published.map(({ seq }) => seq);
};

/** The requests that came more than once, by event and attempt, and how often. */
export const repeatedRequests = (receiver: Receiver): Map<string, number> => {
  const times = new Map<string, number>();
  for (const { headers } of receiver.requests) {
    const key = `${String(headers["webhook-id"])} attempt ${String(headers["ringback-attempt"])}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return new Map([...times].filter(([, n]) => n > 1));
};

/** How many different events each attempt was requested for. */
export const eventsPerAttempt = (receiver: Receiver): Record<string, number> => {
  const events = new Map<string, Set<unknown>>();
  for (const { headers } of receiver.requests) {
    const attempt = String(headers["ringback-attempt"]);
    events.set(attempt, (events.get(attempt) ?? new Set()).add(headers["webhook-id"]));
  }
  return Object.fromEntries([...events].map(([attempt, { size }]) => [attempt, size]));
};

/** How many records each subject of ATTEMPTS has, counted: `{ 2: 200 }` is 200 deliveries of two. */
export const recordsPerDelivery = async (platform: Platform): Promise<Record<string, number>> => {
  const { state } = await platform.client.jsm.streams.info("ATTEMPTS", { subjects_filter: ">" });
  const counts: Record<string, number> = {};
  for (const n of Object.values(state.subjects ?? {})) counts[n] = (counts[n] ?? 0) + 1;
  return counts;
};
