import { getHeapStatistics } from "node:v8";
import underPressure from "@fastify/under-pressure";
import type { Api } from "./api.ts";

/** More work has piled up than can be done in time: better to say so than to answer too late. */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";
}

/** From when on requests are refused. */
export type OverloadBounds = {
  /** By how much timers are late on average: what every request waits for its turn. */
  readonly eventLoopDelayMs: number;
  readonly heapUsedBytes: number;
};

const LOOK_EVERY_MS = 2_000;

/** Far from what a busy machine does to a healthy process; below what makes it useless. */
export const overloadBounds = (): OverloadBounds => ({
  eventLoopDelayMs: 1_000,
  heapUsedBytes: getHeapStatistics().heap_size_limit * 0.9,
});

/** Refuses requests while the process is beyond its bounds; the probes are on another port. */
export const refuseWhileOverloaded = (app: Api, bounds: OverloadBounds): void => {
  void app.register(underPressure, {
    maxEventLoopDelay: bounds.eventLoopDelayMs,
    maxHeapUsedBytes: bounds.heapUsedBytes,
    sampleInterval: LOOK_EVERY_MS,
    customError: OverloadedError,
  });
};
