import manifest from "../../../package.json" with { type: "json" };
import type { Installation } from "../kustomize.ts";
import { workloadsIn } from "../workloads.ts";

const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Images that could be another tomorrow, or that are of another version than this repository. */
export const imageProblems = ({ overlay, objects }: Installation): string[] =>
  workloadsIn(objects)
    .flatMap(({ pod }) => [...pod.containers, ...(pod.initContainers ?? [])])
    .map(({ image = "" }) => image)
    .filter((image) => {
      const [, tag] = /^ringback\/(?:subscriptions|dispatcher):(.+)$/.exec(image) ?? [];
      if (tag === undefined) return !DIGEST.test(image);
      return tag !== (overlay === "dev" ? "dev" : manifest.version);
    });
