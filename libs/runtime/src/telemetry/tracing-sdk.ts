import { randomUUID } from "node:crypto";
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
} from "@opentelemetry/api";
import { parseKeyPairsIntoRecord } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  type Resource,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { within } from "../process/concurrency.ts";
import type { Logger } from "./logger.ts";
import type {
  Attributes,
  AttributeValue,
  Span,
  SpanKind,
  TracedService,
  Tracer,
  Tracing,
} from "./tracer.ts";
import { reportingExporter, spanQueue } from "./tracing-export.ts";
import type { TracingMetrics } from "./tracing-metrics.ts";
import { samplerOf } from "./tracing-sampler.ts";
import { batchBoundsOf, type TracingSettings } from "./tracing-settings.ts";

/** A process that ends waits no longer than this for its collector. */
const CLOSE_WITHIN_MS = 2_000;

/** Longer texts of producers and callers are cut in spans. */
const MAX_ATTRIBUTE_CHARACTERS = 512;

/**
 * Starts OpenTelemetry's SDK, which sends to `target`. Imported only when traces are wanted, as loading the SDK takes
 * time. There is no context for asynchronous calls: the code that starts a span names its parent.
 */
export const startTracing = (
  settings: TracingSettings,
  target: string,
  service: TracedService,
  parts: { readonly log: Logger; readonly metrics: TracingMetrics },
): Tracing => {
  const { log, metrics } = parts;
  const { sampler, ignored } = samplerOf(settings);
  const batch = batchBoundsOf(process.env);
  for (const wrong of [...ignored, ...batch.ignored]) log.warn(wrong, "tracing.setting_ignored");
  const exporter = new OTLPTraceExporter({ url: target, headers: headersOf(settings) });
  const queue = spanQueue(batch.bounds.maxQueueSize, metrics);
  const reporting = reportingExporter(exporter, withoutSecrets(target), queue, parts);
  const sending = new BatchSpanProcessor({ exporter: reporting, ...batch.bounds });
  const provider = new TracerProvider({
    resource: resourceOf(settings, service),
    sampler,
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS },
    spanProcessors: [queue.before(sending)],
  });
  log.info({ collector: withoutSecrets(target), sampler: settings.OTEL_TRACES_SAMPLER }, "tracing");
  return {
    tracer: tracerOf(provider.getTracer("ringback", service.version)),
    close: async () => {
      const shutdown = provider.shutdown().catch(() => undefined); // its failure was reported
      await within(CLOSE_WITHIN_MS, shutdown, undefined);
    },
  };
};

/** The specification: headers for traces win over those for all signals. */
const headersOf = ({ OTEL_EXPORTER_OTLP_HEADERS: all }: TracingSettings) => ({
  ...parseKeyPairsIntoRecord(all),
  ...parseKeyPairsIntoRecord(process.env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"]),
});

const resourceOf = (
  { OTEL_SERVICE_NAME: named }: TracingSettings,
  { name, version }: TracedService,
): Resource => {
  const own = {
    "service.name": name,
    "service.version": version,
    "service.instance.id": randomUUID(),
  };
  const resource = defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }));
  return named === undefined
    ? resource
    : resource.merge(resourceFromAttributes({ "service.name": named }));
};

const withoutSecrets = (target: string): string => {
  const { origin, pathname } = new URL(target);
  return `${origin}${pathname}`;
};

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
};

const tracerOf = (tracer: ReturnType<TracerProvider["getTracer"]>): Tracer => ({
  start: (name, { kind, attributes, parent, link }) => {
    const links = link === undefined ? [] : [{ context: remote(link) }];
    const options = { kind: KINDS[kind], attributes: given(attributes), links };
    return spanOf(tracer.startSpan(name, options, contextWith(parent)));
  },
});

const contextWith = (parent: TraceContext | undefined): Context =>
  parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));

const remote = ({ traceId, spanId, isSampled, state }: TraceContext): SpanContext => ({
  traceId,
  spanId,
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote: true,
  ...(state === undefined ? {} : { traceState: createTraceState(state) }),
});

const spanOf = (span: OtelSpan): Span => {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  const state = traceState?.serialize() ?? "";
  return {
    context: { traceId, spanId, isSampled, ...(state === "" ? {} : { state }) },
    set: (attributes) => void span.setAttributes(given(attributes)),
    event: (name, attributes = {}) => void span.addEvent(name, given(attributes)),
    fail: (errorType) => {
      span.setAttribute("error.type", errorType).setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
};

const given = (attributes: Attributes): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(attributes).filter(
      (entry): entry is [string, AttributeValue] => entry[1] !== undefined,
    ),
  );
