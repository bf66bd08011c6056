import { defineConfig } from "vitest/config";

/** Tests that measure time under load: they want the machine to themselves (`make load`). */
export default defineConfig({
  test: {
    include: ["test/**/*.load.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 1,
  },
});
