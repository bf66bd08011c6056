import type { Metrics } from "./metrics.ts";

/** What becomes of spans that do not arrive: nothing else shows that traces have gaps. */
export const tracingMetrics = ({ counter }: Metrics) => ({
  exportsFailed: counter(
    "ringback_trace_exports_failed_total",
    "Batches of spans that the collector did not take; they are lost",
  ),
  spansDropped: counter("ringback_spans_dropped_total", "Spans that were lost, by reason", {
    reason: ["queue_full", "export_failed"],
  }),
});

export type TracingMetrics = ReturnType<typeof tracingMetrics>;
