import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { commonSettings, parseSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type ServiceProcess, startService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { addressOf, storeHistory } from "./stored-history.ts";

failOnLeaks();

const EVENTS = Number(process.env["HISTORY_EVENTS"] ?? 100_000);
/** A container that gives it little: young objects alone take 96 MiB otherwise. */
const NODE_OPTIONS = "--max-old-space-size=256 --max-semi-space-size=16";
const SIZE = { events: EVENTS, attempts: EVENTS * 2.5 };

let server: NatsServer;
let client: NatsClient;
let folder: string;
let keys: { readonly file: string; readonly keys: readonly string[] };
let service: ServiceProcess | undefined;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const log = createLogger("test", "fatal");
  const signal = new AbortController().signal;
  const wanted = wantedStreams(parseSettings(commonSettings, {}));
  const created = await ensureStreams(client.jsm, wanted, { log, signal });
  await timed("stored", () => storeHistory(client.js, created, SIZE));
  folder = await makeTempDir("projection");
  keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["read"] }]);
});
afterAll(async () => {
  await service?.stop();
  await client.close();
  await server.stop();
});

/** Figures for people: they go into docs/adr/0015-projection.md. */
const said = (what: string, figure: string): unknown =>
  process.stderr.write(`${what.padEnd(64)} ${figure}\n`);

const timed = async (what: string, work: () => Promise<unknown>): Promise<number> => {
  const begunMs = performance.now();
  await work();
  const tookMs = performance.now() - begunMs;
  said(what, `${Math.round(tookMs)} ms`);
  return tookMs;
};

const start = (): Promise<ServiceProcess> =>
  startService({
    entry: "services/subscriptions/src/main.ts",
    env: {
      NATS_URL: server.url,
      API_KEYS_FILE: keys.file,
      PROJECTION_DIR: folder,
      REQUESTS_PER_MINUTE_PER_KEY: "1000000",
      // Without a limit Node.js collects late on a big machine, and its memory tells nothing.
      NODE_OPTIONS,
    },
  });

type Page = { readonly projection_lag: number; readonly [items: string]: unknown };

const get = async (path: string): Promise<{ status: number; body: Page; tookMs: number }> => {
  const begunMs = performance.now();
  const url = service?.httpUrl(`/ca/api/v0${path}`) ?? "";
  const answer = await fetch(url, { headers: { "x-api-key": keys.keys[0] ?? "" } });
  const body = (await answer.json()) as Page;
  return { status: answer.status, body, tookMs: performance.now() - begunMs };
};

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;

test("built from nothing, while lists are answered and say how far they are", async () => {
  const answers: { readonly tookMs: number; readonly lag: number }[] = [];
  const rebuiltMs = await timed("rebuilt from nothing, and asked all the while", async () => {
    service = await start();
    for (;;) {
      const { status, body, tookMs } = await get("/events?limit=50");
      expect(status).toBe(200);
      answers.push({ tookMs, lag: body.projection_lag });
      if (body.projection_lag === 0 && answers.length > 1) return;
    }
  });
  const times = answers.map(({ tookMs }) => tookMs);
  const messages = SIZE.events + SIZE.attempts;
  said("messages a second", String(Math.round((1_000 * messages) / rebuiltMs)));
  said(
    `${answers.length} lists meanwhile, median, 95th percentile, longest`,
    [0.5, 0.95, 1].map((share) => `${percentile(times, share).toFixed(1)} ms`).join(", "),
  );
  const lags = answers.map(({ lag }) => lag);
  expect(Math.max(...lags)).toBeGreaterThan(messages / 2);
  const metrics = await service?.metrics();
  const series = metrics?.series.filter(({ name }) => name === "ringback_projection_lag_messages");
  expect(series?.map(({ value }) => value)).toEqual([0, 0, 0]);
  const lag = (name: string): string =>
    `${((metrics?.value(`nodejs_eventloop_lag_${name}_seconds`) ?? 0) * 1_000).toFixed(1)} ms`;
  said(
    "event loop late by, median, 90, 99 of 100, at most",
    [lag("p50"), lag("p90"), lag("p99"), lag("max")].join(", "),
  );
  said("memory of the service", mib((await service?.rssBytes()) ?? 0));
});

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const { agentId, callId } = addressOf(4_000);
const SINCE = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString();

test.each([
  ["events", "/events"],
  ["events", `/events?agent_id=${agentId}`],
  ["events", "/events?status=dead_lettered"],
  ["events", "/events?event_type=recording_completed"],
  [
    "events",
    "/events?status=dead_lettered,delivered&event_type=recording_completed,call_completed",
  ],
  ["events", `/events?event_type=call_completed&status=delivered&agent_id=${agentId}`],
  ["events", `/events?call_id=${callId}`],
  ["events", "/events?limit=200"],
  ["attempts", "/attempts"],
  ["attempts", "/attempts?outcome=failed"],
  ["attempts", "/attempts?reason=timeout"],
  ["attempts", "/attempts?reason=timeout,status,dns,tls"],
  ["attempts", `/attempts?outcome=failed&since=${SINCE}&agent_id=${agentId}`],
  ["attempts", `/attempts?call_id=${callId}`],
  ["attempts", "/attempts?limit=200"],
  ["deliveries", "/deliveries"],
  ["deliveries", "/deliveries?status=dead_lettered,delivered&event_type=recording_completed"],
  ["deliveries", `/deliveries?agent_id=${agentId}&limit=200`],
  ["dead_letters", "/dead-letters"],
  ["dead_letters", `/dead-letters?agent_id=${agentId}&reason=exhausted`],
])("the first page of %s, %s: 95 of 100 within 100 ms", async (name, path) => {
  const times: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    const { status, body, tookMs } = await get(path);
    expect([status, (body[name] as unknown[]).length > 0]).toEqual([200, true]);
    times.push(tookMs);
  }
  said(path.replaceAll(/(agent|call)_[\w-]{20,}/g, "…"), figures(times));
  expect(percentile(times, 0.95)).toBeLessThan(100);
});

const figures = (times: readonly number[]): string =>
  `median ${percentile(times, 0.5).toFixed(1)} ms, 95th percentile ${percentile(times, 0.95).toFixed(1)} ms`;

test("a call's events, straight from the streams: 95 of 100 within 50 ms", async () => {
  const times: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    const { status, tookMs } = await get(`/calls/${addressOf(n * 40).callId}/events`);
    expect(status).toBe(200);
    times.push(tookMs);
  }
  said("/calls/…/events", figures(times));
  expect(percentile(times, 0.95)).toBeLessThan(50);
});

test("after a restart nothing is read a second time", async () => {
  await service?.stop();
  const { size } = await stat(join(folder, "projection.sqlite"));
  said("file", `${mib(size)}, ${Math.round(size / (SIZE.events + SIZE.attempts))} bytes a message`);
  const startedMs = await timed("started again until it is current", async () => {
    service = await start();
    expect((await get("/events")).body.projection_lag).toBe(0);
  });
  expect(startedMs).toBeLessThan(10_000);
});
