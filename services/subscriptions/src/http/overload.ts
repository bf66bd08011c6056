import { getHeapStatistics } from "node:v8";
import underPressure from "@fastify/under-pressure";
import type { Api } from "./api.ts";
import { RefusedError } from "./refused-error.ts";

/** There is more work than the process can do in time. A refusal now is better than a late response. */
export class OverloadedError extends RefusedError {
  constructor() {
    super({ code: "overloaded", detail: "Nothing was done: retry in some seconds." });
  }
}

/** From when on requests are refused. */
export type OverloadBounds = {
  /** How late timers are on average: each request waits that long for the event loop. */
  readonly eventLoopDelayMs: number;
  readonly heapUsedBytes: number;
};

const LOOK_EVERY_MS = 2_000;

/** A healthy process on a busy machine stays far below these bounds; beyond them it does not respond in time. */
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
