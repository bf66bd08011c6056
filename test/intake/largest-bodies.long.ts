import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Judged } from "./judge-largest-bodies.ts";

const PROGRAM = fileURLToPath(new URL("judge-largest-bodies.ts", import.meta.url));

/** As the services have it in deploy/k8s; the smaller one. */
const HEAP_MIB = 256;

test(
  "a body of the largest size is judged within 50 ms, whatever is in it",
  { timeout: 120_000 },
  async () => {
    const seed = String(Date.now() % 1_000_000);
    const args = [`--max-old-space-size=${HEAP_MIB}`, PROGRAM, seed];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 110_000 });
    const judged = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Judged);
    expect(judged.length).toBeGreaterThanOrEqual(90);
    const slow = judged.filter(({ timesTooLong }) => timesTooLong > 1);
    expect({ seed, slow }).toEqual({ seed, slow: [] });
  },
);
