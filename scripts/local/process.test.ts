import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startProcess } from "./process.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ringback-process-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const start = (script: string, readyTimeoutMs = 10_000, signal?: AbortSignal) =>
  startProcess({
    name: "worker",
    command: process.execPath,
    args: ["-e", script],
    env: process.env,
    logFile: join(directory, "logs/worker.log"),
    readyFrom: (line) => /^ready on (\d+)$/.exec(line)?.[1],
    readyTimeoutMs,
    signal,
  });

const STAYS = "setInterval(() => {}, 1000);";

test("a process is there once it has printed its ready line, and its output is in the log", async () => {
  const worker = await start(
    `process.on("SIGTERM", () => process.exit(0)); console.log("hello"); console.log("ready on 7"); ${STAYS}`,
  );
  expect(worker.ready).toBe("7");
  expect(await worker.stop(10_000)).toBeUndefined();
  expect(await readFile(worker.logFile, "utf8")).toBe("hello\nready on 7\n");
});

test("a process that ends before it is ready fails with its last lines", async () => {
  const starting = start(`console.error("port 8080 is in use"); process.exit(3)`);
  await expect(starting).rejects.toMatchObject({
    message: expect.stringContaining("worker did not start\n  | port 8080 is in use\n  its log: "),
    cause: expect.objectContaining({ message: "it exited with code 3" }),
  });
});

test("a process that says nothing in time is killed", async () => {
  const starting = start(`console.log(process.pid); ${STAYS}`, 3_000);
  await expect(starting).rejects.toMatchObject({
    cause: expect.objectContaining({ message: "starting it took longer than 3 s" }),
  });
  const pid = Number(await readFile(join(directory, "logs/worker.log"), "utf8"));
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("a program that is not there fails with its name", async () => {
  const starting = startProcess({
    name: "worker",
    command: join(directory, "missing"),
    args: [],
    env: process.env,
    logFile: join(directory, "worker.log"),
    readyFrom: () => undefined,
    readyTimeoutMs: 10_000,
  });
  await expect(starting).rejects.toMatchObject({
    cause: expect.objectContaining({
      message: expect.stringMatching(/could not be run: .*ENOENT/),
    }),
  });
});

test("an interruption ends the start and the process", async () => {
  const reason = new Error("stopped by SIGINT");
  const controller = new AbortController();
  const starting = start(STAYS, 10_000, controller.signal);
  controller.abort(reason);
  await expect(starting).rejects.toBe(reason);
});

test("a process that does not stop in time is killed, and that is told", async () => {
  const worker = await start(
    `process.on("SIGTERM", () => {}); console.log("ready on 7"); ${STAYS}`,
  );
  expect(await worker.stop(200)).toBe("worker was killed: it had not stopped within 0.2 s");
  expect(await worker.ended).toBe("was ended by SIGKILL");
});

test("a process that stops with a failure, or had ended before, is told", async () => {
  const failing = await start(
    `process.on("SIGTERM", () => process.exit(4)); console.log("ready on 7"); ${STAYS}`,
  );
  expect(await failing.stop(10_000)).toBe("worker exited with code 4 when it was asked to stop");
  const gone = await start(`console.log("ready on 7")`);
  expect(await gone.ended).toBe("exited with code 0");
  expect(await gone.stop(10_000)).toBe("worker exited with code 0 before it was asked to stop");
});
