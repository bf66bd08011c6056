import type { Logger } from "./logger.ts";
import type { TracingMetrics } from "./tracing-metrics.ts";
import type { TracedService, Tracing } from "./tracer.ts";
import { tracingTarget, type TracingSettings } from "./tracing-settings.ts";

/**
 * Sends traces to the collector in the settings; undefined without one: then OpenTelemetry is not even loaded. A
 * collector that fails leads to a log line, never to an error.
 */
export const openTracing = async (
  settings: TracingSettings,
  service: TracedService,
  parts: { readonly log: Logger; readonly metrics: TracingMetrics },
): Promise<Tracing | undefined> => {
  const target = tracingTarget(settings);
  if (target === undefined) return undefined;
  const { startTracing } = await import("./tracing-sdk.ts");
  return startTracing(settings, target, service, parts);
};
