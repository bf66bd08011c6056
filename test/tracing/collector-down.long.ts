import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../harness/process/service-process.ts";
import { startCollector, tracingTo, type Collector } from "./collector.ts";

failOnLeaks();

const EVENTS = 50;

let receiver: Receiver;
let dispatcher: ServiceProcess | undefined;
let platform: Platform;
let nobody: string;

beforeAll(async () => {
  const gone = await startCollector();
  nobody = gone.url;
  await gone.stop();
  receiver = await startReceiver();
  platform = await startPlatform({ dispatchers: 0 });
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

/** One at a time, so that it is this one that delivers. */
const startDispatcher = async (env: Readonly<Record<string, string>>): Promise<ServiceProcess> => {
  dispatcher = await platform.startDispatcher(env);
  return dispatcher;
};

afterEach(() => dispatcher?.stop());

afterAll(() => Promise.all([platform.stop(), receiver.stop()]));

const linesOf = ({ logs }: ServiceProcess, msg: string) =>
  logs.filter((line) => line["msg"] === msg);

/** What the metrics say of spans that did not arrive. */
const lossOf = async (dispatching: ServiceProcess) => {
  const metrics = await dispatching.metrics();
  const dropped = (reason: string) => metrics.value("ringback_spans_dropped_total", { reason });
  return {
    exportsFailed: metrics.value("ringback_trace_exports_failed_total"),
    exportFailed: dropped("export_failed"),
    queueFull: dropped("queue_full"),
  };
};

let published = 0;

/** Publishes events and waits until each is delivered. */
const deliver = async (n: number): Promise<void> => {
  const first = published;
  published += n;
  await Promise.all(
    Array.from({ length: n }, (_, k) => platform.publish({ callId: `call-${first + k}` })),
  );
  await receiver.received(published);
};

test("a collector that nobody answers at costs one line of the log, and nothing else", async () => {
  const dispatching = await startDispatcher({
    ...tracingTo({ url: nobody }),
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
  });
  await deliver(EVENTS);
  await dispatching.waitForLog("tracing.export_failed");
  await deliver(EVENTS);
  await eventually(() => linesOf(dispatching, "delivery.attempted").length === 2 * EVENTS, {
    what: "a line for every attempt",
  });
  // Each attempt has a span, and so has the work on its message.
  const loss = await eventually(
    async () => {
      const now = await lossOf(dispatching);
      return now.exportFailed === 4 * EVENTS ? now : null;
    },
    { what: "every span is counted as lost" },
  );
  expect(loss.exportsFailed).toBeGreaterThan(0);
  expect(loss.queueFull).toBe(0);
  expect(await dispatching.stop()).toMatchObject({ code: 0 });
  expect(linesOf(dispatching, "tracing.export_failed")).toHaveLength(1);
  expect(linesOf(dispatching, "tracing.export_failed")[0]).toMatchObject({
    level: "warn",
    collector: `${nobody}/v1/traces`,
  });
  const troubles = dispatching.logs.filter(({ level }) => level === "error" || level === "fatal");
  expect(troubles).toEqual([]);
  expect(dispatching.output.stderr()).toBe("");
});

test("a collector that is back gets spans, and the log says so once", async () => {
  let collector: Collector | undefined;
  try {
    collector = await startCollector({ kind: "status", status: 400 });
    const dispatching = await startDispatcher(tracingTo(collector));
    await deliver(1);
    await dispatching.waitForLog("tracing.export_failed");
    collector.setScript({ kind: "status", status: 200 });
    await deliver(1);
    await dispatching.waitForLog("tracing.export_resumed");
    await dispatching.stop();
    expect(linesOf(dispatching, "tracing.export_resumed")).toHaveLength(1);
  } finally {
    await collector?.stop();
  }
});

test("a collector that takes spans and never answers does not hold up the end of a process", async () => {
  const collector = await startCollector({ kind: "hang" });
  try {
    const dispatching = await startDispatcher(tracingTo(collector));
    await deliver(EVENTS);
    await eventually(() => collector.requests.length > 0, { what: "spans are being sent" });
    const stoppedMs = performance.now();
    expect(await dispatching.stop()).toMatchObject({ code: 0 });
    expect(performance.now() - stoppedMs).toBeLessThan(8_000);
  } finally {
    await collector.stop();
  }
});

test("spans that have no room while a collector is slow are dropped, and the log says how many", async () => {
  const collector = await startCollector({ kind: "late_status", status: 200, afterMs: 300 });
  try {
    const small = { ...tracingTo(collector), OTEL_BSP_MAX_QUEUE_SIZE: "4" };
    const dispatching = await startDispatcher(small);
    await deliver(EVENTS);
    const { spans, level } = await dispatching.waitForLog("tracing.spans_dropped");
    expect(level).toBe("warn");
    expect(spans).toBeGreaterThan(0);
    expect(spans).toBeLessThan(2 * EVENTS);
    const loss = await lossOf(dispatching);
    expect(loss).toMatchObject({ exportsFailed: 0, exportFailed: 0 });
    expect(loss.queueFull).toBeGreaterThanOrEqual(Number(spans));
    expect(loss.queueFull).toBeLessThan(2 * EVENTS);
    await dispatching.stop();
    expect(linesOf(dispatching, "tracing.export_failed")).toEqual([]);
    expect(linesOf(dispatching, "tracing.spans_dropped")).toHaveLength(1);
  } finally {
    await collector.stop();
  }
});

test("what was traced last is sent before a process ends", async () => {
  const collector = await startCollector();
  try {
    const patient = { ...tracingTo(collector), OTEL_BSP_SCHEDULE_DELAY: "600000" };
    const dispatching = await startDispatcher(patient);
    await deliver(1);
    await dispatching.waitForLog("delivery.attempted");
    await dispatching.stop();
    expect(collector.spans().map(({ name }) => name)).toEqual(["POST", "process EVENTS"]);
  } finally {
    await collector.stop();
  }
});
