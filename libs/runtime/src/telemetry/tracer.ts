import type { TraceContext } from "@ringback/contracts/trace-context";

export type AttributeValue = string | number | boolean;

/** Attributes of a span; names from OpenTelemetry's conventions, or `ringback.…`. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** One piece of work in a trace. A span that is not sampled costs nothing. */
export type Span = {
  /** For spans elsewhere: their parent or link. */
  readonly context: TraceContext;
  readonly set: (attributes: Attributes) => void;
  readonly event: (name: string, attributes?: Attributes) => void;
  /** Marks the work as failed; `errorType` is one of few values, never a text from outside. */
  readonly fail: (errorType: string) => void;
  /** To be called once; later calls have no effect. */
  readonly end: () => void;
};

export type SpanKind = "server" | "client" | "producer" | "consumer";

type SpanStart = {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** Without a parent, a new trace begins. */
  readonly parent?: TraceContext | undefined;
  /** The trace that caused this one. */
  readonly link?: TraceContext | undefined;
};

/** Starts spans. Without tracing there is no tracer at all, so that no span costs anything. */
export type Tracer = {
  readonly start: (name: string, start: SpanStart) => Span;
};

export type Tracing = {
  readonly tracer: Tracer;
  /** Sends the remaining spans, within two seconds. */
  readonly close: () => Promise<void>;
};

export type TracedService = { readonly name: string; readonly version: string };
