import { z } from "zod";
import type { Environment, Settings } from "../settings/settings.ts";

const MAX_URL_CHARACTERS = 2_048;

const collectorUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (isHttp && text.length <= MAX_URL_CHARACTERS) return;
  context.addIssue("is not a URL such as http://collector:4318");
});

/**
 * OpenTelemetry's own variables (its specification of SDK environment variables). The exporter reads others by itself:
 * time-out, compression, certificates.
 */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl
    .optional()
    .describe(
      "Collector of traces (OTLP over HTTP), such as `http://collector:4318`. Without it nothing is traced. [tracing.md](tracing.md) explains this setting and the others",
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collectorUrl
    .optional()
    .describe(
      "Collector of traces with its path, such as `http://collector:4318/v1/traces`; wins over `OTEL_EXPORTER_OTLP_ENDPOINT`",
    ),
  OTEL_SERVICE_NAME: z
    .string()
    .max(255, "must be at most 255 characters")
    .optional()
    .describe(
      "Service name in traces, in place of `ringback-subscriptions` or `ringback-dispatcher`",
    ),
  OTEL_TRACES_SAMPLER: z
    .string()
    .prefault("parentbased_always_on")
    .describe(
      "Which traces are kept: `always_on`, `always_off`, `traceidratio`, or `parentbased_` and one of these",
    ),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .prefault("1")
    .describe("Share of traces that `…traceidratio` keeps, from 0 to 1"),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .optional()
    .describe(
      "Headers for the collector, such as `api-key=secret`, separated by commas, values `%`-encoded. `OTEL_EXPORTER_OTLP_HEADERS_FILE` names a file instead",
    ),
  OTEL_SDK_DISABLED: z
    .string()
    .transform((text) => text.toLowerCase() === "true") // all else is false: the specification
    .prefault("false")
    .describe("`true`: nothing is traced, whatever else is set"),
} as const;

/** Settings that may hold a secret: `<NAME>_FILE` may name a file with the value. */
export const TRACING_SECRETS = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
] as const;

export type TracingSettings = Settings<typeof tracingSettings>;

/** The whole URL that spans are sent to; undefined when nothing is to be traced. */
export const tracingTarget = (settings: TracingSettings): string | undefined => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = settings;
  if (settings.OTEL_SDK_DISABLED) return undefined;
  if (whole !== undefined) return whole; // as it is: the specification of OTLP exporters
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
};

/** A variable with an unknown value. It is named in the log, and its default is taken: the specification. */
export type Ignored = {
  readonly name: string;
  readonly value: string;
  readonly expected: string;
};

// The specification's names and defaults. The upper bounds are ours, as spans wait in memory.
const MAX_QUEUE_SIZE = { name: "OTEL_BSP_MAX_QUEUE_SIZE", byDefault: 2_048, min: 1, max: 65_536 };
const MAX_BATCH = { name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", byDefault: 512, min: 1, max: 65_536 };
const DELAY = { name: "OTEL_BSP_SCHEDULE_DELAY", byDefault: 5_000, min: 10, max: 600_000 };
const TIMEOUT = { name: "OTEL_BSP_EXPORT_TIMEOUT", byDefault: 30_000, min: 1, max: 600_000 };

/** How many spans wait, and how often they are sent. */
export const batchBoundsOf = (environment: Environment) => {
  const ignored: Ignored[] = [];
  const bound = ({ name, byDefault, min, max }: typeof DELAY): number => {
    const value = environment[name]?.trim() ?? "";
    if (value === "") return byDefault;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    ignored.push({ name, value, expected: `a whole number from ${min} to ${max}` });
    return byDefault;
  };
  const maxQueueSize = bound(MAX_QUEUE_SIZE);
  const bounds = {
    maxQueueSize,
    maxExportBatchSize: Math.min(bound(MAX_BATCH), maxQueueSize),
    scheduledDelayMillis: bound(DELAY),
    exportTimeoutMillis: bound(TIMEOUT),
  };
  return { bounds, ignored };
};
