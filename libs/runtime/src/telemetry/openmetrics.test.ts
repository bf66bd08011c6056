import { describe, expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";
import { asksForOpenMetrics } from "./openmetrics.ts";

const TRACE = "a".repeat(32);

describe("OpenMetrics", () => {
  test.each([
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", true],
    ["application/openmetrics-text; version=1.0.0; escaping=allow-utf-8", true],
    ["application/openmetrics-text", true],
    ["application/openmetrics-text;version=0.0.1,text/plain", false],
    ["application/openmetrics-text;q=0, text/plain", false],
    ["text/plain;version=0.0.4", false],
    ["*/*", false],
    [undefined, false],
  ])("is asked for by Accept %s: %s", (accept, expected) => {
    expect(asksForOpenMetrics(accept)).toBe(expected);
  });

  test("has a family for each metric, the trace of an observation, and an end", async () => {
    const metrics = createMetrics("1.2.3");
    metrics.counter("things_total", 'Things, "all"', { kind: ["a\nb"] }).inc({ kind: "a\nb" });
    const delay = metrics.tracedHistogram("delay_seconds", "Delay", [0.1, 5]);
    delay.observe(0.05);
    delay.observe(2, TRACE);
    delay.observe(60, TRACE);
    const { text, contentType } = await metrics.page("application/openmetrics-text");
    expect(contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(text).toContain(
      '# HELP things Things, \\"all\\"\n# TYPE things counter\nthings_total{kind="a\\nb"} 1\n',
    );
    const lines = text.split("\n").filter((line) => line.startsWith("delay_seconds"));
    expect(lines.map((line) => line.replace(/ \d+\.?\d*$/, " T"))).toEqual([
      'delay_seconds_bucket{le="0.1"} T',
      `delay_seconds_bucket{le="5"} 2 # {trace_id="${TRACE}"} 2 T`,
      `delay_seconds_bucket{le="+Inf"} 3 # {trace_id="${TRACE}"} 60 T`,
      "delay_seconds_sum T",
      "delay_seconds_count T",
    ]);
    expect(text.endsWith("\n# EOF\n")).toBe(true);
    expect(text).not.toContain("\n\n");
  });

  test("leaves the other format as it is, whichever is read first", async () => {
    const metrics = createMetrics("1.2.3");
    metrics.counter("things_total", "Things");
    metrics.tracedHistogram("delay_seconds", "Delay", [1]).observe(0.5, TRACE);
    await metrics.page("application/openmetrics-text");
    const { text } = await metrics.page("text/plain");
    expect(text).toContain("# TYPE things_total counter\nthings_total 0\n");
    expect(text).not.toContain("trace_id");
    expect(text).not.toContain("# EOF");
  });
});
