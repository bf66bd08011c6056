import { setInterval } from "node:timers/promises";
import type { EventInput, Platform } from "../harness/process/platform.ts";

/** How many events, and how long after each the next one comes. */
export type Pace = { readonly events: number; readonly everyMs: number };

/** Publishes like a producer that waits for nobody; when each event was handed to NATS, by its sequence. */
export const publishSteadily = async (
  platform: Platform,
  { events, everyMs }: Pace,
  eventOf: (n: number) => EventInput,
): Promise<ReadonlyMap<number, number>> => {
  const publishing: Promise<readonly [number, number]>[] = [];
  for await (const _ of setInterval(everyMs)) {
    const atMs = Date.now();
    const published = platform.publish(eventOf(publishing.length));
    publishing.push(published.then(({ seq }) => [seq, atMs] as const));
    if (publishing.length === events) break;
  }
  return new Map(await Promise.all(publishing));
};
