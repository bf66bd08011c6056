import { ExportResultCode } from "@opentelemetry/core";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";

const MAX_DETAIL_CHARACTERS = 200;

/**
 * An exporter that says once in the log that spans do not arrive, and once that they do again. Spans of
 * a batch that failed are gone; nothing else comes of it.
 */
export const reportingExporter = (
  exporter: SpanExporter,
  collector: string,
  log: Logger,
): SpanExporter => {
  let isFailing = false;
  const report = (hasArrived: boolean, detail: string): void => {
    if (hasArrived && isFailing) log.info({ collector }, "tracing.export_resumed");
    if (!hasArrived && !isFailing) log.warn({ collector, detail }, "tracing.export_failed");
    isFailing = !hasArrived;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, ({ code, error }) => {
        report(code === ExportResultCode.SUCCESS, detailOf(error));
        done({ code: ExportResultCode.SUCCESS });
      }),
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
