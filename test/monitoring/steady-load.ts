import { setInterval } from "node:timers/promises";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Platform } from "../harness/process/platform.ts";

const EVERY_MS = 50;

/** Of 16 events, so many go to each workspace: one is busy, one less so, one has the endpoint that fails. */
const WORKSPACES = ["w1", "w1", "w1", "w2", "w2", "w3", "w1", "w3"] as const;
const TYPES: readonly EventType[] = ["call_completed", "recording_completed"];

/** Publishes events and asks the API, steadily, until it is stopped; rejects then if something failed. */
export const steadyLoad = (platform: Platform): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const running = keepLoading(platform, stopping.signal);
  running.catch(() => undefined); // it is awaited when it is stopped
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};

const keepLoading = async (platform: Platform, stopping: AbortSignal): Promise<void> => {
  const waiting: Promise<unknown>[] = [];
  let n = 0;
  for await (const _ of setInterval(EVERY_MS)) {
    if (stopping.aborted) break;
    const workspaceId = WORKSPACES[n % WORKSPACES.length] ?? "w1";
    const eventType = TYPES[Math.floor(n / WORKSPACES.length) % TYPES.length] ?? "call_completed";
    waiting.push(platform.publish({ workspaceId, callId: `c${n}`, eventType }));
    if (n % 5 === 0) waiting.push(platform.api("GET", "/agent/v1/a1", undefined, workspaceId));
    n += 1;
  }
  await Promise.all(waiting);
};
