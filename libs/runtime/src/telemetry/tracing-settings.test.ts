import { describe, expect, test } from "vitest";
import { parseSettings } from "../settings/parse-settings.ts";
import { type Environment } from "../settings/settings.ts";
import {
  batchBoundsOf,
  TRACING_SECRETS,
  tracingSettings,
  tracingTarget,
} from "./tracing-settings.ts";

const read = (environment: Environment) =>
  parseSettings(tracingSettings, environment, TRACING_SECRETS);

describe("where traces go to", () => {
  test.each([
    ["nowhere unless it is said", {}, undefined],
    ["nowhere for an empty value", { OTEL_EXPORTER_OTLP_ENDPOINT: "" }, undefined],
    [
      "the collector's path for traces",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" },
      "http://collector:4318/v1/traces",
    ],
    [
      "below the path that is given",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "https://in.example.com/otlp/" },
      "https://in.example.com/otlp/v1/traces",
    ],
    [
      "the URL for traces as it is, before the one for all",
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://other:4318/t",
      },
      "http://other:4318/t",
    ],
    [
      "nowhere when all of OpenTelemetry is switched off",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", OTEL_SDK_DISABLED: "TRUE" },
      undefined,
    ],
  ] as const)("is %s", (_, environment, expected) => {
    expect(tracingTarget(read(environment))).toBe(expected);
  });

  test.each(["collector:4318", "grpc://collector:4317", "ftp://x", `http://${"x".repeat(3_000)}`])(
    "is no %s",
    (url) => {
      expect(() => read({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toThrow(
        /^OTEL_EXPORTER_OTLP_ENDPOINT: is not a URL such as http:\/\/collector:4318$/,
      );
    },
  );

  test("is not repeated where it is wrong: it may hold a password", () => {
    const environment = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "user:canary@collector" };
    expect(() => read(environment)).toThrow(/^(?!.*canary)/s);
  });
});

test("how many spans wait is bounded, whatever the environment says", () => {
  expect(batchBoundsOf({}).bounds).toEqual({
    maxQueueSize: 2_048,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 5_000,
    exportTimeoutMillis: 30_000,
  });
  const small = { OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_BSP_SCHEDULE_DELAY: " 100 " };
  expect(batchBoundsOf(small).bounds).toMatchObject({
    maxQueueSize: 10,
    maxExportBatchSize: 10,
    scheduledDelayMillis: 100,
  });
  const wrong = { OTEL_BSP_MAX_QUEUE_SIZE: "99999999999", OTEL_BSP_EXPORT_TIMEOUT: "soon" };
  const { bounds, ignored } = batchBoundsOf(wrong);
  expect(bounds).toMatchObject({ maxQueueSize: 2_048, exportTimeoutMillis: 30_000 });
  expect(ignored.map(({ name, value }) => [name, value])).toEqual(Object.entries(wrong));
});
