import manifest from "../../../package.json" with { type: "json" };
import type { Installation } from "../kustomize.ts";
import { jobsIn, workloadsIn } from "../workloads.ts";

const DIGEST = /@sha256:[0-9a-f]{64}$/;

const OURS = /^(.*?)\/?ringback\/(?:subscriptions|dispatcher):(.+)$/;

/** Names that nobody can have (RFC 2606): a pod says that its image is not found. */
const NOBODYS = /(?:^|\.)(?:invalid|example|example\.com)$/;

/** Images that could be another tomorrow, somebody else's, or of another version than this repository. */
export const imageProblems = ({ overlay, objects }: Installation): string[] =>
  [...workloadsIn(objects), ...jobsIn(objects)]
    .flatMap(({ pod }) => [...pod.containers, ...(pod.initContainers ?? [])])
    .filter(({ image = "", imagePullPolicy }) => {
      const [, registry = "", tag] = OURS.exec(image) ?? [];
      if (tag === undefined) return !DIGEST.test(image);
      if (overlay === "dev") return tag !== "dev" || imagePullPolicy !== "Never";
      return tag !== manifest.version || !NOBODYS.test(registry);
    })
    .map(({ image = "" }) => image);
