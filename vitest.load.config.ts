import { defineConfig } from "vitest/config";

/** Tests that measure time under load: they want the machine to themselves (`make load`). */
export default defineConfig({
  test: {
    include: ["test/**/*.load.ts"],
    exclude: ["test/lists/**"], // a run of its own: vitest.history.config.ts
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 1,
  },
});
