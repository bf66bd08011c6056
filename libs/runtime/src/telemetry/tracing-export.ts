import { TraceFlags } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import type { SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";
import type { TracingMetrics } from "./tracing-metrics.ts";

const MAX_DETAIL_CHARACTERS = 200;
const DROPPED_EVERY_MS = 60_000;

/**
 * A queue of at most `maxSpans` spans that wait to be sent. The SDK drops spans beyond its own bound without a word;
 * this one, in front of it, counts them.
 */
export const spanQueue = (maxSpans: number, metrics: TracingMetrics) => {
  let waiting = 0;
  let dropped = 0;
  return {
    /** A processor in front of the processor that keeps and sends spans. */
    before: (next: SpanProcessor): SpanProcessor => ({
      onStart: (span, context) => next.onStart(span, context),
      onEnd: (span) => {
        if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
        if (waiting >= maxSpans) {
          dropped += 1;
          metrics.spansDropped.inc({ reason: "queue_full" });
          return;
        }
        waiting += 1;
        next.onEnd(span);
      },
      forceFlush: () => next.forceFlush(),
      shutdown: () => next.shutdown(),
    }),
    /** To be called with the size of each batch that leaves the queue. */
    taken: (spans: number): void => {
      waiting -= spans;
    },
    /** How many spans were dropped since the last call. */
    takeDropped: (): number => {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
};

/**
 * An exporter that logs once that spans do not arrive, and once that they arrive again. A batch that failed is lost;
 * deliveries do not notice. While spans arrive, it logs at most once a minute how many had no room in the queue.
 */
export const reportingExporter = (
  exporter: SpanExporter,
  collector: string,
  queue: ReturnType<typeof spanQueue>,
  { log, metrics }: { readonly log: Logger; readonly metrics: TracingMetrics },
): SpanExporter => {
  let isFailing = false;
  let droppedLoggedMs = -Infinity;
  const reportDropped = (): void => {
    if (isFailing || performance.now() - droppedLoggedMs < DROPPED_EVERY_MS) return;
    const spans = queue.takeDropped();
    if (spans === 0) return;
    droppedLoggedMs = performance.now();
    log.warn({ collector, spans }, "tracing.spans_dropped");
  };
  const report = (hasArrived: boolean, detail: string): void => {
    if (hasArrived && isFailing) log.info({ collector }, "tracing.export_resumed");
    if (!hasArrived && !isFailing) log.warn({ collector, detail }, "tracing.export_failed");
    isFailing = !hasArrived;
    reportDropped();
  };
  return {
    export: (spans, done) => {
      queue.taken(spans.length);
      exporter.export(spans, ({ code, error }) => {
        if (code !== ExportResultCode.SUCCESS) {
          metrics.exportsFailed.inc();
          metrics.spansDropped.inc({ reason: "export_failed" }, spans.length);
        }
        report(code === ExportResultCode.SUCCESS, detailOf(error));
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
};

/** The error of an unreachable host has a `code`, and its `message` may be empty. */
const detailOf = (error: (Error & { readonly code?: unknown }) | undefined): string =>
  [error?.code, error?.message]
    .filter((part) => part !== undefined && part !== "")
    .join(" ")
    .slice(0, MAX_DETAIL_CHARACTERS);
