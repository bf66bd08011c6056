import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { parseMetrics } from "../../../../test/harness/process/prometheus-text.ts";
import { createMetrics } from "./metrics.ts";
import { reportingExporter, spanQueue } from "./tracing-export.ts";
import { tracingMetrics } from "./tracing-metrics.ts";

const SPAN = { spanContext: () => ({ traceFlags: TraceFlags.SAMPLED }) } as ReadableSpan;
const SUCCESS: ExportResult = { code: ExportResultCode.SUCCESS };
const FAILED: ExportResult = { code: ExportResultCode.FAILED, error: new Error("refused") };

const nothing = async (): Promise<void> => undefined;

/** A queue of two spans, and a collector that answers as `scene.result` says. */
const start = () => {
  const scene = { result: SUCCESS };
  const registry = createMetrics("1");
  const metrics = tracingMetrics(registry);
  const { log, lines } = keptLog();
  const queue = spanQueue(2, metrics);
  const sender: SpanExporter = {
    export: (_spans, done) => done(scene.result),
    shutdown: nothing,
  };
  const kept: ReadableSpan[] = [];
  const next: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => kept.push(span),
    forceFlush: nothing,
    shutdown: nothing,
  };
  const exporter = reportingExporter(sender, "collector", queue, { log, metrics });
  const processor = queue.before(next);
  return {
    scene,
    end: (spans: number): void => {
      for (let n = 0; n < spans; n += 1) processor.onEnd(SPAN);
    },
    send: (): void => exporter.export(kept.splice(0), () => undefined),
    loss: async () => {
      const page = parseMetrics((await registry.page()).text);
      const dropped = (reason: string) => page.value("ringback_spans_dropped_total", { reason });
      return [
        page.value("ringback_trace_exports_failed_total"),
        dropped("export_failed"),
        dropped("queue_full"),
      ];
    },
    messages: () => lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg),
  };
};

test("nothing is counted as lost while spans arrive", async () => {
  const { end, send, loss, messages } = start();
  end(2);
  send();
  expect(await loss()).toEqual([0, 0, 0]);
  expect(messages()).toEqual([]);
});

test("each batch that a collector does not take is counted with its spans, and logged once", async () => {
  const { scene, end, send, loss, messages } = start();
  scene.result = FAILED;
  end(2);
  send();
  end(1);
  send();
  expect(await loss()).toEqual([2, 3, 0]);
  expect(messages()).toEqual(["tracing.export_failed"]);
});

test("spans that find no room are counted, and logged once spans arrive", async () => {
  const { end, send, loss, messages } = start();
  end(5);
  expect(await loss()).toEqual([0, 0, 3]);
  expect(messages()).toEqual([]);
  send();
  expect(messages()).toEqual(["tracing.spans_dropped"]);
  end(2);
  expect(await loss()).toEqual([0, 0, 3]);
});
