import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import {
  CALLERS,
  figures,
  type Page,
  percentile,
  said,
  SIZE,
  startHistory,
  timed,
} from "./history-scene.ts";
import { addressOf, agentIds } from "./stored-history.ts";

failOnLeaks();

let history: Awaited<ReturnType<typeof startHistory>>;

beforeAll(async () => {
  history = await startHistory();
});
afterAll(() => history.stop());

test("built from nothing, while lists are answered and say how far they are", async () => {
  const answers: { readonly tookMs: number; readonly lag: number }[] = [];
  const rebuiltMs = await timed("rebuilt from nothing, and asked all the while", async () => {
    await history.start();
    for (;;) {
      const { status, body, tookMs } = await history.get("/events?limit=50");
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
  const metrics = await history.service()?.metrics();
  const series = metrics?.series.filter(({ name }) => name === "ringback_projection_lag_messages");
  expect(series?.map(({ value }) => value)).toEqual([0, 0, 0]);
  const lag = (name: string): string =>
    `${((metrics?.value(`nodejs_eventloop_lag_${name}_seconds`) ?? 0) * 1_000).toFixed(1)} ms`;
  said(
    "event loop late by, median, 90, 99 of 100, at most",
    [lag("p50"), lag("p90"), lag("p99"), lag("max")].join(", "),
  );
  said("memory of the service", mib((await history.service()?.rssBytes()) ?? 0));
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
  const times = await history.timesOf(path, (body) => {
    expect((body[name] as unknown[]).length).toBeGreaterThan(0);
  });
  expect(percentile(times, 0.95)).toBeLessThan(100);
});

test("a call's events, straight from the streams: 95 of 100 within 50 ms", async () => {
  const times: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    const { status, tookMs } = await history.get(`/calls/${addressOf(n * 40).callId}/events`);
    expect(status).toBe(200);
    times.push(tookMs);
  }
  said("/calls/…/events", figures(times));
  expect(percentile(times, 0.95)).toBeLessThan(50);
});

const AGENTS = agentIds.join(",");

test.each([
  ["/calls", "calls"],
  [`/calls?call_id=${callId}`, "calls"],
  ["/calls?call_id=call_0000", "calls"],
  ["/calls?call_id=call_00001", "calls"],
  [`/calls?agent_id=${agentId}&since=7d`, "calls"],
  ["/calls?limit=200", "calls"],
  ["/overview?period=1h", "series"],
  ["/overview?period=24h", "series"],
  ["/overview?period=7d", "series"],
  [`/overview?period=7d&agent_id=${agentId}`, "series"],
  [`/activity?agent_id=${AGENTS}`, "agents"],
  [`/activity?period=7d&agent_id=${AGENTS}`, "agents"],
  ["/events/facets", "status"],
  [`/events/facets?agent_id=${agentId}`, "status"],
  ["/events/facets?event_type=recording_completed&status=delivered", "status"],
  ["/deliveries/facets", "status"],
  ["/dead-letters/facets", "reason"],
])("%s: 95 of 100 within 100 ms", async (path, name) => {
  const times = await history.timesOf(path, (body) => {
    expect((body[name] as unknown[]).length).toBeGreaterThan(0);
  });
  expect(percentile(times, 0.95)).toBeLessThan(100);
});

describe.each(["bound to 5 agents", "bound to 50 agents"] as const)(
  "a key that is %s",
  (caller) => {
    test.each([
      ["/events", "events", 100],
      ["/events?status=dead_lettered", "events", 100],
      ["/deliveries", "deliveries", 100],
      ["/attempts", "attempts", 100],
      ["/dead-letters", "dead_letters", 100],
      ["/calls", "calls", 100],
      ["/overview?period=24h", "series", 100],
      // It adds up what each of its agents has, which is nearly as many rows as they have attempts.
      ["/overview?period=7d", "series", caller === "bound to 50 agents" ? 300 : 100],
      ["/events/facets", "status", 100],
      ["/deliveries/facets", "status", 100],
      ["/dead-letters/facets", "reason", 100],
    ])("%s: 95 of 100 in time", async (path, name, withinMs) => {
      const check = (body: Page) => {
        expect((body[name] as unknown[]).length).toBeGreaterThan(0);
      };
      const times = await history.timesOf(path, check, CALLERS[caller]);
      expect(percentile(times, 0.95)).toBeLessThan(withinMs);
    });
  },
);

test.each([
  ["events", "/events"],
  ["deliveries", "/deliveries"],
  ["attempts", "/attempts"],
  ["dead_letters", "/dead-letters"],
  ["calls", "/calls"],
])("all pages of %s are as fast as the first ones", async (name, path) => {
  const times: number[] = [];
  let rows = 0;
  for (let next: string | null = ""; next !== null && rows < 100_000;) {
    const cursor: string = next === "" ? "" : `&cursor=${next}`;
    const { status, body, tookMs } = await history.get(`${path}?limit=200${cursor}`);
    expect(status).toBe(200);
    rows += (body[name] as unknown[]).length;
    times.push(tookMs);
    next = body.next_cursor;
  }
  const tenth = Math.ceil(times.length / 10);
  const [first, last] = [times.slice(0, tenth), times.slice(-tenth)];
  said(`${rows} ${name}, first tenth of the pages`, figures(first));
  said(`${rows} ${name}, last tenth of the pages`, figures(last));
  expect(percentile(last, 0.5)).toBeLessThan(3 * percentile(first, 0.5) + 5);
});

test("after a restart nothing is read a second time", async () => {
  await history.service()?.stop();
  const { size } = await stat(join(history.folder, "projection.sqlite"));
  said("file", `${mib(size)}, ${Math.round(size / (SIZE.events + SIZE.attempts))} bytes a message`);
  const startedMs = await timed("started again until it is current", async () => {
    await history.start();
    expect((await history.get("/events")).body.projection_lag).toBe(0);
  });
  expect(startedMs).toBeLessThan(10_000);
});
