import { TraceFlags } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";

/** The spans that wait to be sent: those beyond the bound are dropped and counted. */
export type SpanQueue = {
  /** A processor in front of the one that keeps and sends them. */
  readonly before: (next: SpanProcessor) => SpanProcessor;
  /** To be told of each batch that is taken out. */
  readonly taken: (spans: number) => void;
  /** How many were dropped since this was asked last. */
  readonly dropped: () => number;
};

/** The SDK drops in silence; the same bound in front of it makes the loss known. */
export const spanQueue = (maxSpans: number): SpanQueue => {
  let waiting = 0;
  let dropped = 0;
  return {
    before: (next) => ({
      onStart: (span, context) => next.onStart(span, context),
      onEnd: (span) => {
        if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
        if (waiting >= maxSpans) {
          dropped += 1;
          return;
        }
        waiting += 1;
        next.onEnd(span);
      },
      forceFlush: () => next.forceFlush(),
      shutdown: () => next.shutdown(),
    }),
    taken: (spans) => {
      waiting -= spans;
    },
    dropped: () => {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
};
