import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { samplerOf } from "./tracing-sampler.ts";
import { parseSettings } from "../settings/parse-settings.ts";
import { tracingSettings } from "./tracing-settings.ts";

const place = (isSampled: boolean) => ({
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
});

type Asked = { readonly parent?: boolean; readonly link?: boolean };

const sampling = (OTEL_TRACES_SAMPLER: string, OTEL_TRACES_SAMPLER_ARG = "0") =>
  samplerOf({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG });

const isKept = (sampler: string, { parent, link }: Asked): boolean => {
  const context =
    parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, place(parent));
  const links = link === undefined ? [] : [{ context: place(link) }];
  const { decision } = sampling(sampler).sampler.shouldSample(
    context,
    "c".repeat(32),
    "process RETRIES",
    SpanKind.CONSUMER,
    {},
    links,
  );
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
};

describe("a parent-based sampler", () => {
  test.each(["always_on", "always_off", "traceidratio"] as const)(
    "over %s keeps what is linked to a trace that is kept, and nothing else that is linked",
    (root) => {
      expect(isKept(`parentbased_${root}`, { link: true })).toBe(true);
      expect(isKept(`parentbased_${root}`, { link: false })).toBe(false);
    },
  );

  test("asks the parent before the link, and the root's sampler for all others", () => {
    const [on, off] = ["parentbased_always_on", "parentbased_always_off"] as const;
    expect(isKept(on, { parent: false, link: true })).toBe(false);
    expect(isKept(off, { parent: true })).toBe(true);
    expect([isKept(on, {}), isKept(off, {})]).toEqual([true, false]);
  });
});

test("a sampler that is not parent-based looks at neither parent nor link", () => {
  expect(isKept("always_on", { parent: false, link: false })).toBe(true);
  expect(isKept("always_off", { parent: true, link: true })).toBe(false);
});

describe("which traces are kept", () => {
  test.each([
    ["always_off", "1", "AlwaysOffSampler"],
    ["traceidratio", "0.25", "TraceIdRatioBased{0.25}"],
    ["parentbased_traceidratio", "0", "LikeLinked{TraceIdRatioBased{0}}"],
    ["parentbased_always_on", "not looked at", "LikeLinked{AlwaysOnSampler}"],
  ])("%s %s", (name, arg, expected) => {
    const { sampler, ignored } = sampling(name, arg);
    expect(sampler.toString()).toContain(expected);
    expect(sampler.toString().startsWith("ParentBased")).toBe(name.startsWith("parentbased_"));
    expect(ignored).toEqual([]);
  });

  test("all, unless it is said", () => {
    const { sampler, ignored } = samplerOf(parseSettings(tracingSettings, {}));
    expect(sampler.toString()).toContain("ParentBased{root=LikeLinked{AlwaysOnSampler}");
    expect(ignored).toEqual([]);
  });

  test.each(["xray", "parentbased_", "parentbased_parentbased_always_on", "Always_On"])(
    "%s is not known: said so, and all are kept",
    (name) => {
      const { sampler, ignored } = sampling(name);
      expect(sampler.toString()).toContain("ParentBased{root=LikeLinked{AlwaysOnSampler}");
      expect(ignored).toMatchObject([{ name: "OTEL_TRACES_SAMPLER", value: name }]);
    },
  );

  test.each(["1.1", "-1", "NaN", "a tenth", "1e-3"])("a share of %s is none", (arg) => {
    const { sampler, ignored } = sampling("traceidratio", arg);
    expect(sampler.toString()).toBe("TraceIdRatioBased{1}");
    expect(ignored).toMatchObject([{ name: "OTEL_TRACES_SAMPLER_ARG", value: arg }]);
  });
});
