import { TraceFlags } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from "@opentelemetry/sdk-trace";
import type { Ignored, TracingSettings } from "./tracing-settings.ts";

const ROOTS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio: number) => new TraceIdRatioBasedSampler(ratio),
};

const PARENT_BASED = "parentbased_";

/**
 * The sampler in the settings, and which of them are ignored, as they could not be understood. With a parent-based
 * sampler a new trace that is linked to another is kept when that one is: a delivery is traced with all its retries, or
 * not at all.
 */
export const samplerOf = ({
  OTEL_TRACES_SAMPLER: name,
  OTEL_TRACES_SAMPLER_ARG: arg,
}: Pick<TracingSettings, "OTEL_TRACES_SAMPLER" | "OTEL_TRACES_SAMPLER_ARG">): {
  readonly sampler: Sampler;
  readonly ignored: readonly Ignored[];
} => {
  const isParentBased = name.startsWith(PARENT_BASED);
  const rootName = isParentBased ? name.slice(PARENT_BASED.length) : name;
  if (!isRoot(rootName)) {
    const expected = `${Object.keys(ROOTS).join(", ")}, or parentbased_ and one of them`;
    const ignored = [{ name: "OTEL_TRACES_SAMPLER", value: name, expected }];
    return { sampler: parentBased(ROOTS.always_on()), ignored };
  }
  const ratio = /^\d+(\.\d+)?$/.test(arg) ? Number(arg) : Number.NaN;
  const isIgnored = rootName === "traceidratio" && !(ratio <= 1);
  const root = ROOTS[rootName](isIgnored ? 1 : ratio);
  const wrong = { name: "OTEL_TRACES_SAMPLER_ARG", value: arg, expected: "a number from 0 to 1" };
  return {
    sampler: isParentBased ? parentBased(root) : root,
    ignored: isIgnored ? [wrong] : [],
  };
};

const isRoot = (name: string): name is keyof typeof ROOTS => Object.hasOwn(ROOTS, name);

const parentBased = (root: Sampler): Sampler => new ParentBasedSampler({ root: likeLinked(root) });

/** Called only for spans without a parent. */
const likeLinked = (other: Sampler): Sampler => ({
  // oxlint-disable-next-line max-params -- the SDK calls it so
  shouldSample: (context, traceId, name, kind, attributes, links) => {
    const [link] = links;
    if (link === undefined) {
      return other.shouldSample(context, traceId, name, kind, attributes, links);
    }
    const isKept = (link.context.traceFlags & TraceFlags.SAMPLED) !== 0;
    const decision = isKept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD;
    return { decision };
  },
  toString: () => `LikeLinked{${other.toString()}}`,
});
