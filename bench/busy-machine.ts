import { availableParallelism } from "node:os";
import { machineCpuSeconds, ownCpuSeconds } from "./cpu.ts";

/** Above this share of the machine's CPU, what others did may have changed a result. */
export const DOUBTFUL_SHARE = 0.05;

/**
 * Begins to watch what other processes take of the machine's CPU. Call what is returned once all
 * processes of the benchmark have ended: then what they took is known, and the rest was others.
 */
export const watchOthers = (): (() => number) => {
  const started = { ms: performance.now(), all: machineCpuSeconds(), own: ownCpuSeconds() };
  return () => {
    const others = machineCpuSeconds() - started.all - (ownCpuSeconds() - started.own);
    const seconds = (performance.now() - started.ms) / 1_000;
    return Math.max(0, others / (seconds * availableParallelism()));
  };
};
