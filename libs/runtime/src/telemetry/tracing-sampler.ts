import { TraceFlags } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from "@opentelemetry/sdk-trace";
import type { SamplingChoice } from "./tracing-settings.ts";

/**
 * The sampler of a choice. With a parent-based one, a new trace that is linked to another is kept when
 * that one is: a delivery is traced with all its retries, or not at all.
 */
export const samplerOf = ({ isParentBased, root, ratio }: SamplingChoice): Sampler => {
  const own = rootSampler(root, ratio);
  return isParentBased ? new ParentBasedSampler({ root: likeLinked(own) }) : own;
};

const rootSampler = (root: SamplingChoice["root"], ratio: number): Sampler => {
  switch (root) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    default:
      return root satisfies never;
  }
};

/** Asked only for spans without a parent. */
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
