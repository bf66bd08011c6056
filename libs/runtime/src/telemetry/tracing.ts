import type { TraceContext } from "@ringback/contracts/trace-context";
import type { Logger } from "./logger.ts";
import { tracingTarget, type TracingSettings } from "./tracing-settings.ts";

export type AttributeValue = string | number | boolean;

/** What a span says of its work; names as OpenTelemetry's conventions have them, or `ringback.…`. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** One piece of work in a trace. It costs nothing to tell it more than is kept. */
export type Span = {
  /** To be handed on: with it, work elsewhere is hung under this span or linked to it. */
  readonly context: TraceContext;
  readonly set: (attributes: Attributes) => void;
  readonly event: (name: string, attributes?: Attributes) => void;
  /** The work did not come to what it was for; `errorType` is one of few, never a text of the world. */
  readonly fail: (errorType: string) => void;
  /** Once; what is told later is lost. */
  readonly end: () => void;
};

export type SpanKind = "server" | "client" | "producer" | "consumer";

export type SpanStart = {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** What it is part of; without it, a new trace begins. */
  readonly parent?: TraceContext | undefined;
  /** Another trace that led to this new one. */
  readonly link?: TraceContext | undefined;
};

/** Starts spans. Where nothing is traced there is no tracer at all, so that nothing is paid for one. */
export type Tracer = {
  readonly start: (name: string, start: SpanStart) => Span;
};

export type Tracing = {
  readonly tracer: Tracer;
  /** Sends what is there still, within two seconds. */
  readonly close: () => Promise<void>;
};

/** Which process this is, for whoever reads traces. */
export type TracedService = { readonly name: string; readonly version: string };

/**
 * Traces to the collector that the settings name, or undefined where they name none: OpenTelemetry is
 * then not even loaded. Never throws for what a collector does; that costs one line of the log.
 */
export const openTracing = async (
  settings: TracingSettings,
  service: TracedService,
  log: Logger,
): Promise<Tracing | undefined> => {
  const target = tracingTarget(settings);
  if (target === undefined) return undefined;
  const { startTracing } = await import("./tracing-sdk.ts");
  return startTracing(settings, target, service, log);
};
