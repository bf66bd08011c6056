import { readFile } from "node:fs/promises";

/** What deploy/k8s gives a dispatcher. */
export async function shippedLimits(): Promise<{ heap: string; limitBytes: number }> {
  const [kustomization, deployment] = await Promise.all(
    ["kustomization.yaml", "dispatcher/deployment.yaml"].map((file) =>
      readFile(`deploy/k8s/base/${file}`, "utf8"),
    ),
  );
  const heap = /name: ringback-dispatcher[^]*?NODE_OPTIONS=(\S+)/.exec(kustomization ?? "")?.[1];
  const limit = /limits:\s+memory: (\d+)Mi/.exec(deployment ?? "")?.[1];
  if (heap === undefined || limit === undefined) throw new Error("deploy/k8s does not say");
  return { heap, limitBytes: Number(limit) * 1024 * 1024 };
}
