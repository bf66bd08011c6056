import { expect, test } from "vitest";
import { parseMetrics } from "../../../../test/harness/process/prometheus-text.ts";
import { createMetrics } from "./metrics.ts";

const page = async (metrics: ReturnType<typeof createMetrics>) =>
  parseMetrics((await metrics.page()).text);

/** The values of all series of a name, by their labels. */
const seriesOf = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  Object.fromEntries(
    (await page(metrics)).series
      .filter((one) => one.name === name)
      .map(({ labels, value }) => [Object.values(labels).join(" "), value]),
  );

test("a counter starts at zero in every combination of its labels", async () => {
  const metrics = createMetrics("1.2.3");
  const counter = metrics.counter("things_total", "Things", {
    kind: ["a", "b"],
    result: ["good", "bad", "ugly"],
  });
  counter.inc({ kind: "b", result: "bad" });
  expect(await seriesOf(metrics, "things_total")).toEqual({
    "a good": 0,
    "a bad": 0,
    "a ugly": 0,
    "b good": 0,
    "b bad": 1,
    "b ugly": 0,
  });
});

test("a counter without labels starts at zero", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.counter("plain_total", "Plain");
  expect((await page(metrics)).value("plain_total")).toBe(0);
});

test("a label whose values are not known beforehand has no series until one is counted", async () => {
  const metrics = createMetrics("1.2.3");
  const counter = metrics.counter<"who" | "result">("whose_total", "Whose", {
    who: [],
    result: ["good", "bad"],
  });
  expect(await seriesOf(metrics, "whose_total")).toEqual({});
  counter.inc({ who: "w1", result: "good" }, 2);
  expect(await seriesOf(metrics, "whose_total")).toEqual({ "w1 good": 2 });
});

test("a histogram starts at zero in every combination, in every bucket", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.histogram("wait_seconds", "Wait", [0.1, 1], { outcome: ["good", "bad"] });
  expect(await seriesOf(metrics, "wait_seconds_count")).toEqual({ good: 0, bad: 0 });
  expect(await seriesOf(metrics, "wait_seconds_bucket")).toEqual({
    "0.1 good": 0,
    "1 good": 0,
    "+Inf good": 0,
    "0.1 bad": 0,
    "1 bad": 0,
    "+Inf bad": 0,
  });
});

test("a histogram without labels is there from the start", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.histogram("plain_seconds", "Plain", [1]);
  expect((await page(metrics)).value("plain_seconds_count")).toBe(0);
});

test("a gauge shows what it finds when the page is read", async () => {
  const metrics = createMetrics("1.2.3");
  let found = 7;
  metrics.gauge("found", "Found", () => found);
  expect((await page(metrics)).value("found")).toBe(7);
  found = 8;
  expect((await page(metrics)).value("found")).toBe(8);
});

test("a gauge of what is not known has no series, and one again when it is", async () => {
  const metrics = createMetrics("1.2.3");
  let found: number | undefined;
  metrics.gauge("found", "Found", () => found);
  expect((await page(metrics)).value("found")).toBeNull();
  found = 0;
  expect((await page(metrics)).value("found")).toBe(0);
  found = undefined;
  expect((await page(metrics)).value("found")).toBeNull();
});

test("a gauge by label has the series that there are when the page is read, and no other", async () => {
  const metrics = createMetrics("1.2.3");
  let sizes = new Map([
    ["A", 1],
    ["B", 2],
  ]);
  metrics.gaugeBy("size_bytes", "Size", "stream", () => sizes);
  expect(await seriesOf(metrics, "size_bytes")).toEqual({ A: 1, B: 2 });
  sizes = new Map([["B", 3]]);
  expect(await seriesOf(metrics, "size_bytes")).toEqual({ B: 3 });
});

test("no gauge is named like a counter", async () => {
  const { text } = await createMetrics("1.2.3").page();
  expect(text).toContain("# TYPE nodejs_active_handles gauge");
  expect([...text.matchAll(/^# TYPE \S+_total gauge$/gm)].map(([line]) => line)).toEqual([]);
});

test("two processes' metrics do not mix", async () => {
  const [one, other] = [createMetrics("1.2.3"), createMetrics("1.2.3")];
  one.counter("mine_total", "Mine").inc();
  other.counter("mine_total", "Mine");
  expect((await page(other)).value("mine_total")).toBe(0);
});

test("the page says what runs, and how the process is", async () => {
  const metrics = createMetrics("1.2.3");
  const { contentType, text } = await metrics.page();
  expect(contentType).toContain("text/plain");
  const found = parseMetrics(text);
  expect(found.value("ringback_build_info", { version: "1.2.3", node: process.version })).toBe(1);
  expect(found.value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
});
