import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

const run = promisify(execFile);
const SCRIPT = resolve(import.meta.dirname, "../../bench/run.ts");

const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  BENCH_FORM: "short",
  ...more,
});

/** It reads /proc. */
const isElsewhere = process.platform !== "linux";

test.skipIf(isElsewhere)(
  "a short form runs: a table, and a file that tells on what machine it was measured",
  async () => {
    const RESULTS_DIR = await makeTempDir("bench-results");
    const env = environment({ SCENARIO: "throughput", RESULTS_DIR });
    const { stdout } = await run(process.execPath, [SCRIPT], { env, timeout: 60_000 });
    expect(stdout).toMatch(
      /^throughput +1 KiB, \d+ endpoints: per CPU-second.* >= 0\.45 +(ok|MISSED)/m,
    );
    expect(stdout).toMatch(/^throughput: other processes took .* of the machine's CPU/m);
    const files = await readdir(RESULTS_DIR);
    expect(files).toHaveLength(1);
    const written = JSON.parse(await readFile(join(RESULTS_DIR, files[0] ?? ""), "utf8"));
    expect(written).toMatchObject({
      form: "short",
      machine: {
        cpu: expect.any(String),
        cores: expect.any(Number),
        kernel: expect.stringMatching(/^Linux /),
        node: process.version,
        nats_server: expect.stringMatching(/^nats-server: v/),
      },
      results: [{ scenario: "throughput" }],
    });
    for (const { figures } of written.results) {
      for (const { reached, rounds, verdict } of figures) {
        // So few events may be done between two looks: then there is no number.
        expect(reached ?? 1).toBeGreaterThan(0);
        expect(rounds.length).toBeGreaterThan(0);
        expect(["ok", "MISSED", ""]).toContain(verdict);
      }
    }
  },
  70_000,
);

test.skipIf(isElsewhere)(
  "an interrupted run stops all that it has started, and says so with its exit code",
  async () => {
    const env = environment({ SCENARIO: "latency", SECONDS: "60" });
    const child = spawn(process.execPath, [SCRIPT], { env, stdio: ["ignore", "pipe", "pipe"] });
    const closed = once(child, "close");
    // nats-server, the receivers, the load generator, the bare consumer, a dispatcher, and the reaper.
    const children = await eventually(
      async () => {
        const list = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
        const pids = list.trim().split(" ");
        return pids.length >= 6 ? pids : null;
      },
      { what: "the benchmark's processes", timeoutMs: 20_000 },
    );
    child.kill("SIGINT");
    expect((await closed)[0]).toBe(130);
    const left = (): string[] => children.filter((pid) => existsSync(`/proc/${pid}`));
    await eventually(() => left().length === 0, { what: "all of them ended" });
  },
  40_000,
);

test.skipIf(isElsewhere)("a run that cannot start what it needs fails and names it", async () => {
  const env = environment({ NATS_SERVER: "/nowhere/nats-server" });
  const failed = run(process.execPath, [SCRIPT], { env, timeout: 20_000 });
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("NATS_SERVER: '/nowhere/nats-server'"),
  });
});
