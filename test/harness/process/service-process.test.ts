import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { assertNoLeaks, failOnLeaks } from "./leaks.ts";
import { openResources } from "./open-resources.ts";
import {
  type ServiceProcess,
  spawnService,
  startService,
  type StartOptions,
} from "./service-process.ts";
import { writeTempFile } from "../temp-dir.ts";

failOnLeaks();

const EXAMPLE_SERVICE = `
import { createServer } from "node:http";
const log = (line) => console.log(JSON.stringify(line));
const metrics = 'a_total{x="1",y="q\\\\"}"} 2\\na_total{x="2"} 3\\na_bucket{le="+Inf"} +Inf\\n';
const server = createServer((request, response) =>
  request.url === "/metrics" ? response.end(metrics) : response.writeHead(503).end("not yet"),
);
if (process.env.REFUSE) {
  console.error("REFUSE: is set");
  process.exit(2);
}
process.on("SIGTERM", () => { log({ msg: "stopping" }); server.close(); server.closeAllConnections(); });
server.listen(Number(process.env.ADMIN_PORT), process.env.ADMIN_HOST, () => {
  log({ msg: "env", names: Object.keys(process.env).sort() });
  console.log("not a log line");
  const address = "http://127.0.0.1:" + server.address().port;
  log({ msg: "listening", admin: address, http: address });
});
`;

let entry: string;
beforeAll(async () => {
  entry = await writeTempFile("example-service.mjs", EXAMPLE_SERVICE);
});

let service: ServiceProcess | undefined;
afterEach(async () => {
  await service?.kill();
});

async function start(options: Partial<StartOptions> = {}): Promise<ServiceProcess> {
  service = await startService({ entry, ...options });
  return service;
}

test("a service gets its settings and not the environment of the tests", async () => {
  const { logs, output } = await start({ env: { NATS_URL: "nats://x" } });
  expect(logs[0]?.["names"]).toEqual([
    "ADMIN_HOST",
    "ADMIN_PORT",
    "ALLOW_PLAINTEXT_HEADERS",
    "HOME",
    "HTTP_HOST",
    "HTTP_PORT",
    "NATS_URL",
    "NODE_COMPILE_CACHE",
    "PATH",
  ]);
  expect(output.plain).toEqual(["not a log line"]);
});

test("a running service is asked at the addresses that it logged", async () => {
  const running = await start();
  expect(await running.get("/readyz")).toEqual({ status: 503, text: "not yet" });
  expect(running.httpUrl("/ca")).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ca$/);
  expect(await running.rssBytes()).toBeGreaterThan(10_000_000);
  const metrics = await running.metrics();
  expect(metrics.value("a_total", { x: "1", y: 'q"}' })).toBe(2);
  expect(metrics.value("a_total")).toBe(5);
  expect(metrics.value("a_bucket", { le: "+Inf" })).toBe(Infinity);
  expect(metrics.value("a_total", { x: "3" })).toBeNull();
});

test("stop lets a service end by itself, kill does not", async () => {
  const stopped = await start();
  expect(await stopped.stop()).toEqual({ code: 0, signal: null });
  expect(stopped.logs.at(-1)).toEqual({ msg: "stopping" });
  const killed = await start();
  expect(await killed.kill()).toEqual({ code: null, signal: "SIGKILL" });
  expect(await killed.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("a log line that will never come is not waited for after the end", async () => {
  const running = await start();
  const waiting = running.waitForLog((line) => line["msg"] === "later");
  running.signal("SIGTERM");
  await expect(waiting).rejects.toThrow(/a log line that matches: given up.* code 0[^]*stopping/);
  expect(await running.waitForLog("listening")).toHaveProperty("admin");
});

test("a service that does not get ready fails with its output and is not left running", async () => {
  await expect(start({ env: { REFUSE: "1" } })).rejects.toThrow(/code 2[^]*REFUSE: is set/);
  await expect(start({ readyWhen: "never", timeoutMs: 1_500 })).rejects.toThrow(/not a log line/);
  expect(openResources()).toEqual([]);
});

test("a refusal can be looked at", async () => {
  service = await spawnService({ entry, env: { REFUSE: "1" } });
  expect(await service.exited).toEqual({ code: 2, signal: null });
  expect(service.output.stderr()).toBe("REFUSE: is set\n");
});

test("a process left running is a leak, reported by name and then ended", async () => {
  const { pid, exited } = await start();
  await expect(assertNoLeaks()).rejects.toThrow(`process ${pid}: ${process.execPath} ${entry}`);
  expect(await exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("processes and files of a test process that was killed do not outlive it", async () => {
  const parent = await writeTempFile(
    "parent.ts",
    `import { existsSync } from "node:fs";
     import { spawnTracked } from ${quotedPath("child-process.ts")};
     import { makeTempDir } from ${quotedPath("../temp-dir.ts")};
     const dir = await makeTempDir("left");
     const { child } = await spawnTracked(process.execPath, ["-e", "setInterval(() => {}, 1e9)"], {});
     console.log(JSON.stringify({ msg: "left", pid: child.pid, dir, exists: existsSync(dir) }));`,
  );
  const killed = await start({ entry: parent, readyWhen: "left" });
  const { pid, dir, exists } = killed.logs[0] as { pid: number; dir: string; exists: boolean };
  expect(exists).toBe(true);
  await killed.kill();
  await eventually(() => {
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(dir)).toBe(false);
  });
});

function quotedPath(harnessFile: string): string {
  return JSON.stringify(`${import.meta.dirname}/${harnessFile}`);
}

/** A zombie counts as ended: where nobody reaps orphans, it stays in the process table. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}
