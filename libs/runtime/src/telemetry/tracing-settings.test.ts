import { describe, expect, test } from "vitest";
import { parseSettings, type Environment } from "../settings/settings.ts";
import {
  batchBoundsOf,
  samplingOf,
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

const sampling = (sampler?: string, arg?: string) =>
  samplingOf(read({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg }));

describe("which traces are kept", () => {
  test.each([
    [undefined, undefined, true, "always_on", 1],
    ["always_off", undefined, false, "always_off", 1],
    ["traceidratio", "0.25", false, "traceidratio", 0.25],
    ["parentbased_traceidratio", "0", true, "traceidratio", 0],
    ["parentbased_always_on", "not looked at", true, "always_on", 1],
  ] as const)("%s %s", (sampler, arg, isParentBased, root, ratio) => {
    const choice = { isParentBased, root, ratio };
    expect(sampling(sampler, arg)).toEqual({ choice, ignored: [] });
  });

  test.each(["xray", "parentbased_", "parentbased_parentbased_always_on", "Always_On"])(
    "%s is not known: said so, and all are kept",
    (sampler) => {
      const { choice, ignored } = sampling(sampler);
      expect(choice).toEqual({ isParentBased: true, root: "always_on", ratio: 1 });
      expect(ignored).toMatchObject([{ name: "OTEL_TRACES_SAMPLER", value: sampler }]);
    },
  );

  test.each(["1.1", "-1", "NaN", "a tenth", "1e-3"])("a share of %s is none", (arg) => {
    const { choice, ignored } = sampling("traceidratio", arg);
    expect(choice).toEqual({ isParentBased: false, root: "traceidratio", ratio: 1 });
    expect(ignored).toMatchObject([{ name: "OTEL_TRACES_SAMPLER_ARG", value: arg }]);
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
