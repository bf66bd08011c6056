import { z } from "zod";
import type { Settings } from "../settings/settings.ts";

const MAX_URL_CHARACTERS = 2_048;

const collectorUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (isHttp && text.length <= MAX_URL_CHARACTERS) return;
  context.addIssue("is not a URL such as http://collector:4318");
});

/**
 * What OpenTelemetry's own variables say (its specification of SDK environment variables). The exporter
 * reads more of them by itself: time-out, compression, certificates.
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

/** Those that may hold a secret, and so can come from a file named by `<NAME>_FILE`. */
export const TRACING_SECRETS = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
] as const;

export type TracingSettings = Settings<typeof tracingSettings>;

/** Where traces go to: the whole URL; undefined where nothing is to be traced. */
export const tracingTarget = (settings: TracingSettings): string | undefined => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = settings;
  if (settings.OTEL_SDK_DISABLED) return undefined;
  if (whole !== undefined) return whole; // as it is: the specification of OTLP exporters
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
};

/** A variable whose value is not known is named in the log, and its default is taken: the specification. */
export type Ignored = {
  readonly name: string;
  readonly value: string;
  readonly expected: string;
};

const ROOTS = ["always_on", "always_off", "traceidratio"] as const;

export type SamplingChoice = {
  /** Work that belongs to a trace is kept when the trace is. */
  readonly isParentBased: boolean;
  readonly root: (typeof ROOTS)[number];
  readonly ratio: number;
};

/** Which traces are kept, and what of the settings could not be understood. */
export const samplingOf = (
  settings: Pick<TracingSettings, "OTEL_TRACES_SAMPLER" | "OTEL_TRACES_SAMPLER_ARG">,
): { readonly choice: SamplingChoice; readonly ignored: readonly Ignored[] } => {
  const { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg } = settings;
  const isParentBased = sampler.startsWith("parentbased_");
  const name = isParentBased ? sampler.slice("parentbased_".length) : sampler;
  const root = ROOTS.find((one) => one === name);
  if (root === undefined) {
    const expected = `${ROOTS.join(", ")}, or parentbased_ and one of them`;
    return {
      choice: { isParentBased: true, root: "always_on", ratio: 1 },
      ignored: [{ name: "OTEL_TRACES_SAMPLER", value: sampler, expected }],
    };
  }
  const ratio = /^\d+(\.\d+)?$/.test(arg) ? Number(arg) : Number.NaN;
  if (root !== "traceidratio" || ratio <= 1) {
    return {
      choice: { isParentBased, root, ratio: root === "traceidratio" ? ratio : 1 },
      ignored: [],
    };
  }
  const wrong = { name: "OTEL_TRACES_SAMPLER_ARG", value: arg, expected: "a number from 0 to 1" };
  return { choice: { isParentBased, root, ratio: 1 }, ignored: [wrong] };
};

export type BatchBounds = {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
};

// The specification's names and defaults. The upper bounds are ours: what waits is held in memory.
const BATCH = {
  maxQueueSize: { name: "OTEL_BSP_MAX_QUEUE_SIZE", defaultValue: 2_048, min: 1, max: 65_536 },
  maxExportBatchSize: {
    name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    defaultValue: 512,
    min: 1,
    max: 65_536,
  },
  scheduledDelayMillis: {
    name: "OTEL_BSP_SCHEDULE_DELAY",
    defaultValue: 5_000,
    min: 10,
    max: 600_000,
  },
  exportTimeoutMillis: {
    name: "OTEL_BSP_EXPORT_TIMEOUT",
    defaultValue: 30_000,
    min: 1,
    max: 600_000,
  },
} as const;

/** How many spans wait, and how often they are sent. */
export const batchBoundsOf = (
  environment: Readonly<Record<string, string | undefined>>,
): { readonly bounds: BatchBounds; readonly ignored: readonly Ignored[] } => {
  const ignored: Ignored[] = [];
  const bound = ({ name, defaultValue, min, max }: (typeof BATCH)[keyof typeof BATCH]): number => {
    const value = environment[name]?.trim() ?? "";
    if (value === "") return defaultValue;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    ignored.push({ name, value, expected: `a whole number from ${min} to ${max}` });
    return defaultValue;
  };
  const maxQueueSize = bound(BATCH.maxQueueSize);
  const bounds = {
    maxQueueSize,
    maxExportBatchSize: Math.min(bound(BATCH.maxExportBatchSize), maxQueueSize),
    scheduledDelayMillis: bound(BATCH.scheduledDelayMillis),
    exportTimeoutMillis: bound(BATCH.exportTimeoutMillis),
  };
  return { bounds, ignored };
};
