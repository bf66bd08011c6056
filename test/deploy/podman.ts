import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../scripts/command.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

/**
 * An environment for podman with a store of its own that works inside of another container too: no
 * overlay, no network of its own, no cgroups that it would have to make, and limits that it may set.
 */
export async function podmanEnvironment(): Promise<NodeJS.ProcessEnv> {
  const directory = await makeTempDir("podman");
  const storage = join(directory, "storage.conf");
  await writeFile(
    storage,
    `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/store"\nrunroot = "${directory}/run"\n`,
  );
  const containers = join(directory, "containers.conf");
  await writeFile(
    containers,
    `[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`,
  );
  return {
    ...process.env,
    CONTAINERS_STORAGE_CONF: storage,
    CONTAINERS_CONF: containers,
    BUILDAH_ISOLATION: "chroot",
  };
}

/** Why images cannot be built and run here, or undefined. */
export async function whyNoPodman(): Promise<string | undefined> {
  if (process.env["IMAGES_PROOF"] !== "true") return "make images-proof runs it";
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  for (const program of ["podman", "runc"]) {
    const found = await runCommand(program, ["--version"], { timeoutMs: 10_000 });
    if (found.kind === "not_run") return `there is no ${program} (apt-get install podman runc)`;
  }
  return undefined;
}
