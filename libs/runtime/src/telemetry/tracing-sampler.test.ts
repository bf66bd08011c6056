import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { samplerOf } from "./tracing-sampler.ts";
import type { SamplingChoice } from "./tracing-settings.ts";

const place = (isSampled: boolean) => ({
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
});

type Asked = { readonly parent?: boolean; readonly link?: boolean };

const isKept = (choice: Omit<SamplingChoice, "ratio">, { parent, link }: Asked): boolean => {
  const context =
    parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, place(parent));
  const links = link === undefined ? [] : [{ context: place(link) }];
  const { decision } = samplerOf({ ratio: 0, ...choice }).shouldSample(
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
      const choice = { isParentBased: true, root };
      expect(isKept(choice, { link: true })).toBe(true);
      expect(isKept(choice, { link: false })).toBe(false);
    },
  );

  test("asks the parent before the link, and the root's sampler for all others", () => {
    const [on, off] = [
      { isParentBased: true, root: "always_on" },
      { isParentBased: true, root: "always_off" },
    ] as const;
    expect(isKept(on, { parent: false, link: true })).toBe(false);
    expect(isKept(off, { parent: true })).toBe(true);
    expect([isKept(on, {}), isKept(off, {})]).toEqual([true, false]);
  });
});

test("a sampler that is not parent-based looks at neither parent nor link", () => {
  const [on, off] = [
    { isParentBased: false, root: "always_on" },
    { isParentBased: false, root: "always_off" },
  ] as const;
  expect(isKept(on, { parent: false, link: false })).toBe(true);
  expect(isKept(off, { parent: true, link: true })).toBe(false);
});
