import { ExportResultCode } from "@opentelemetry/core";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";
import type { SpanQueue } from "./tracing-queue.ts";

const MAX_DETAIL_CHARACTERS = 200;
const DROPPED_EVERY_MS = 60_000;

/**
 * An exporter that says once in the log that spans do not arrive, and once that they do again. Spans of
 * a batch that failed are gone; nothing else comes of it. While they arrive, it says at most once a
 * minute how many had no room in the queue.
 */
export const reportingExporter = (
  exporter: SpanExporter,
  collector: string,
  queue: Pick<SpanQueue, "taken" | "dropped">,
  log: Logger,
): SpanExporter => {
  let isFailing = false;
  let droppedSaidMs = -Infinity;
  const reportDropped = (): void => {
    if (isFailing || performance.now() - droppedSaidMs < DROPPED_EVERY_MS) return;
    const spans = queue.dropped();
    if (spans === 0) return;
    droppedSaidMs = performance.now();
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
        report(code === ExportResultCode.SUCCESS, detailOf(error));
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
};

/** What an unreachable host says is in `code`, and `message` may then be empty. */
const detailOf = (error: (Error & { readonly code?: unknown }) | undefined): string =>
  [error?.code, error?.message]
    .filter((part) => part !== undefined && part !== "")
    .join(" ")
    .slice(0, MAX_DETAIL_CHARACTERS);
