import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/harness/longest-first.ts";

// Compiled code is kept between the many processes that the tests start: a service then takes half
// the CPU time to start.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, ".run/compile-cache");

/** What every run has in common. */
export const shared = {
  testTimeout: 60_000,
  hookTimeout: 180_000,
  pool: "forks",
  // The files share no state: one process serves many of them, which saves each its start and its imports.
  isolate: false,
  maxConcurrency: 8,
  sequence: { sequencer: LongestFirst },
} as const;

/** Packs the services for tests that start them. */
export const globalSetup = "test/harness/process/packed-services.ts";

export default defineConfig({
  test: {
    ...shared,
    // Most of a test's time is waiting for other processes; with more files at once those would be too slow to judge.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      {
        extends: true,
        test: {
          name: "beside the code",
          include: ["{libs,services,bench,cli,console/src}/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "whole processes",
          include: ["test/**/*.test.ts", "scripts/**/*.test.ts"],
          globalSetup,
        },
      },
    ],
  },
});
