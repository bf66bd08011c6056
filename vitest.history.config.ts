import { defineConfig } from "vitest/config";

/** Lists over 100,000 events and 250,000 attempts: they want the machine to themselves (`make history-load`). */
export default defineConfig({
  test: {
    include: ["test/lists/**/*.load.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: "forks",
    maxWorkers: 1,
  },
});
