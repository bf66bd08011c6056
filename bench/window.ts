import { setTimeout as delay } from "node:timers/promises";
import { cpuSeconds } from "./cpu.ts";

/** What was done between two moments, and what it took; NaN where that was too little to be counted. */
export type Window = {
  readonly done: number;
  readonly wallSeconds: number;
  /** Of the processes that were watched. */
  readonly cpuSeconds: number;
};

export type Watched = {
  readonly pids: readonly number[];
  readonly count: () => Promise<number>;
  /** From this count on; what comes before is warming up. */
  readonly from: number;
  readonly to: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

const LOOK_EVERY_MS = 20;

type Look = { readonly count: number; readonly atMs: number; readonly cpu: number };

/** Watches work being done from one count to another; fails when it is not done in time. */
export const watchWindow = async (watched: Watched): Promise<Window> => {
  const { pids, count, from, to, timeoutMs, signal } = watched;
  const endMs = performance.now() + timeoutMs;
  const look = async (): Promise<Look> => {
    const cpu = pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
    return { count: await count(), atMs: performance.now(), cpu };
  };
  const reach = async (wanted: number): Promise<Look> => {
    for (;;) {
      const seen = await look();
      if (seen.count >= wanted) return seen;
      if (seen.atMs > endMs) {
        throw new Error(`${seen.count} of ${to} requests after ${timeoutMs / 1_000} s`);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal });
    }
  };
  const first = await reach(from);
  const last = await reach(to);
  return {
    done: counted(last.count - first.count),
    wallSeconds: counted(last.atMs - first.atMs) / 1_000,
    cpuSeconds: counted(last.cpu - first.cpu),
  };
};

/** Nothing at all means that the looks were too close together: no rate can be told from it. */
const counted = (difference: number): number => (difference > 0 ? difference : Number.NaN);

export const perSecond = ({ done, wallSeconds }: Window): number => done / wallSeconds;
export const perCpuSecond = ({ done, cpuSeconds: cpu }: Window): number => done / cpu;
