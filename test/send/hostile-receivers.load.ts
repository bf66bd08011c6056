import { Buffer } from "node:buffer";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliverTo, ended, type PublishedEvent } from "../delivery/deliveries.ts";
import {
  OK,
  says,
  SILENT,
  startTcpEndpoint,
  unusedPort,
  type Endpoint,
  type OnConnection,
} from "../harness/receiver/failing-endpoints.ts";
import { spawnTracked } from "../harness/process/child-process.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const MIB = 1024 * 1024;
const HOSTILE = 300;
const DEADLINE_MS = 3_000;
/** What a verdict may take beyond the deadline. */
const MARGIN_MS = 100;
const MEMORY_MIB = 64;
/** On a machine of one's own, beyond what an idle process meets with at the same time. */
const P99_SECONDS = 0.05;
/** The endpoints, nats-server and other programs want the same processors: what takes a while takes longer. */
const crowding = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

const HEADERS = "HTTP/1.1 200 OK\r\n";

const repeats =
  (begin: string, again: string, everyMs: number): OnConnection =>
  (socket) => {
    socket.resume().once("data", () => socket.write(begin));
    const timer = setInterval(() => socket.write(again), everyMs);
    socket.once("close", () => clearInterval(timer));
  };

const floods =
  (begin: string, again: string): OnConnection =>
  (socket) => {
    socket.once("data", () => {
      socket.write(begin);
      const timer = setInterval(() => {
        if (socket.writableLength < MIB) socket.write(again.repeat(64));
      }, 10);
      socket.once("close", () => clearInterval(timer));
    });
  };

const KINDS: Record<string, OnConnection> = {
  "says nothing": SILENT,
  "drips header bytes": repeats(`${HEADERS}x: `, "x", 50),
  "drips the status line": repeats("HTTP/1.1 2", "0", 200),
  "drips 1xx answers": repeats("HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 102 P\r\n\r\n", 500),
  "floods with 1xx answers": says("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000)),
  "floods with headers": floods(HEADERS, `x: ${"y".repeat(100)}\r\n`),
  "sends an endless body": floods(`${HEADERS}\r\n`, "x".repeat(1_024)),
  "drips a body": repeats(`${HEADERS}content-length: 100000\r\n\r\n`, "x", 50),
  "sends a gzip bomb": floods(`${HEADERS}content-encoding: gzip\r\n\r\n`, "\0".repeat(1_024)),
  "breaks the body off": says(`${HEADERS}transfer-encoding: chunked\r\n\r\n5\r\nab`, "end"),
  "lies about the length": says(`${HEADERS}content-length: 9\r\ncontent-length: 1\r\n\r\nab`),
  "answers twice": says(OK.repeat(2)),
  "speaks first": (socket) => socket.resume().write(OK),
  upgrades: says("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
  redirects: says("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n", "end"),
  "is no HTTP": says("SSH-2.0-OpenSSH_9.9\r\n", "end"),
  "ends at once": (socket) => socket.resume().end(),
  "resets at once": (socket) => socket.resetAndDestroy(),
  "resets after the request": (socket) => socket.once("data", () => socket.resetAndDestroy()),
};

let platform: Platform;
let endpoints: Endpoint[];
let healthy: Receiver;

beforeAll(async () => {
  endpoints = await Promise.all(Object.values(KINDS).map((act) => startTcpEndpoint(act)));
  healthy = await startReceiver();
  platform = await startPlatform({
    dispatcherEnv: { RETRY_DELAYS: "none", DELIVERY_TIMEOUT: `${DEADLINE_MS}ms` },
  });
});

afterAll(async () => {
  await platform.stop();
  await Promise.all([...endpoints, healthy].map((one) => one.stop()));
});

test("300 hostile endpoints at once get their verdicts in time, and cost nobody else anything", async () => {
  const [dispatcher] = platform.dispatchers;
  if (dispatcher === undefined) throw new Error("no dispatcher");
  const urls = [...endpoints.map((endpoint) => endpoint.url("/")), ...(await otherUrls())];
  // Warm: code that is compiled for the first time is not the hostile ones' doing.
  await deliveredInTime(50, "warm");
  const first = await Promise.all(urls.map((url) => deliverTo(platform, url)));
  await Promise.all(first.map(endedOnce));
  const idleBytes = await dispatcher.rssBytes();
  const idle = await startIdleProcess();
  await dispatcher.metrics(); // the delays are counted from one reading to the next

  let peakBytes = 0;
  let isOver = false;
  const watched = eventually(
    async () => {
      peakBytes = Math.max(peakBytes, await dispatcher.rssBytes());
      return isOver;
    },
    { timeoutMs: 50_000, intervalMs: 50, what: "all deliveries end" },
  );
  const hostile = Array.from({ length: HOSTILE }, (_, n) =>
    deliverTo(platform, urls[n % urls.length] ?? ""),
  );
  const delays = await deliveredInTime(200, "beside");
  const events = await Promise.all(hostile);
  const records = (await Promise.all(events.map(endedOnce))).flat();
  isOver = true;
  await watched;
  const p99 = (await dispatcher.metrics()).value("nodejs_eventloop_lag_p99_seconds");

  const idleP99 = await idle.p99();

  const late = records.filter(
    ({ duration_ms }) => duration_ms > DEADLINE_MS + MARGIN_MS * crowding(),
  );
  expect(late.map(({ request, duration_ms }) => [request?.url, duration_ms])).toEqual([]);
  expect(records).toHaveLength(HOSTILE);
  const reasons = records.map(({ outcome }) =>
    "reason" in outcome ? outcome.reason : "delivered",
  );
  expect(["delivered", ...FAILURE_REASONS]).toEqual(expect.arrayContaining(reasons));
  expect(new Set(reasons).size).toBeGreaterThanOrEqual(6);
  expect((peakBytes - idleBytes) / MIB).toBeLessThan(MEMORY_MIB);
  expect(p99).toBeLessThan(P99_SECONDS * crowding() + idleP99);
  expect(Math.max(...delays)).toBeLessThan(2_000);
  await eventually(() => expect(stillOpen()).toEqual([]), { what: "connections are gone" });
}, 60_000);

/** Endpoints that no server stands behind, and TLS to those that speak none. */
const otherUrls = async (): Promise<string[]> => [
  `http://127.0.0.1:${await unusedPort()}/`,
  "http://nowhere.invalid/",
  ...endpoints.slice(0, 3).map(({ port }) => `https://127.0.0.1:${port}/`),
];

const endedOnce = (event: PublishedEvent) => ended(platform, event, 30_000);

/** How late each of `n` deliveries to a healthy endpoint came, in ms from its publication. */
const deliveredInTime = async (n: number, name: string): Promise<number[]> => {
  const at = { agentId: `healthy-${name}` };
  const url = healthy.url(`/${name}`);
  await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
  const publishedMs: number[] = [];
  for (let i = 0; i < n; i += 1) {
    publishedMs.push(Date.now());
    await platform.publish({ ...at, callId: `${name}-${i}` });
  }
  const requests = await healthy.received(n, { path: `/${name}`, timeoutMs: 20_000 });
  return requests.map(({ atMs, body }) => {
    const { call_id } = JSON.parse(body.toString("utf8")) as { call_id: string };
    return atMs - (publishedMs[Number(call_id.split("-").at(-1))] ?? 0);
  });
};

const stillOpen = (): string[] => Object.keys(KINDS).filter((_, n) => endpoints[n]?.open !== 0);

const startIdleProcess = async () => {
  const entry = resolve(import.meta.dirname, "idle-process.ts");
  const { child, exited } = await spawnTracked(process.execPath, [entry], { stdio: "pipe" });
  if (child.stdin === null || child.stdout === null) throw new Error("no pipes");
  const { stdin, stdout } = child;
  return {
    p99: async (): Promise<number> => {
      stdin.end();
      const text = Buffer.concat(await stdout.toArray()).toString("utf8");
      await exited;
      return Number(text);
    },
  };
};
