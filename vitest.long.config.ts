import { defineConfig } from "vitest/config";
import { globalSetup, shared } from "./vitest.config.ts";

/** Tests that wait for minutes, start many processes or take much CPU time (`make test-long`). */
export default defineConfig({
  test: { ...shared, globalSetup, include: ["test/**/*.long.ts"], maxWorkers: 2 },
});
