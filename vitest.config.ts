import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/harness/longest-first.ts";

export default defineConfig({
  test: {
    include: [
      "libs/**/*.test.ts",
      "services/**/*.test.ts",
      "test/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Most of a test's time is waiting for other processes, which costs no CPU here.
    maxWorkers: Math.max(4, availableParallelism()),
    maxConcurrency: 8,
    sequence: { sequencer: LongestFirst },
  },
});
