import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("the demo delivers, retries and dead-letters the sample events as planned", async () => {
  const script = join(import.meta.dirname, "demo.ts");
  // A setting in the shell must not change what the demo shows.
  const env = { ...process.env, RETRY_DELAYS: "not a list", HTTP_PORT: "1" };
  const { stdout } = await run(process.execPath, [script], { env, timeout: 90_000 });
  expect(stdout).toMatch(/^recording_completed +3 +PUT \S+ +delivered 200 .* done$/m);
  expect(stdout).toMatch(/^platform_analysis_completed +4 +PATCH \S+ +failed 204 .* dead letter$/m);
  expect(stdout).toContain('ringback_dead_letters_total{reason="exhausted"} 1');
  expect(stdout).toContain("everything went as planned");
}, 120_000);
