import { TRACEPARENT, TRACESTATE } from "@ringback/contracts/trace-context";
import type { DocumentedHeader } from "./channel.ts";

/** Headers of messages that are traced (docs/tracing.md). */
export const TRACE_HEADERS: Readonly<Record<string, DocumentedHeader>> = {
  [TRACEPARENT]: { description: "Where the message's trace began: W3C Trace Context" },
  [TRACESTATE]: { description: "What tracing systems add to it" },
};
