import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandResult, failureOf, runCommand } from "../command.ts";

export type Unpacked =
  | { readonly kind: "unpacked"; readonly directory: string }
  | { readonly kind: "unavailable"; readonly reason: string };

const APT_TIMEOUT_MS = 180_000;

/** Prometheus; promtool is a package of its own since Debian 14: where there is none, it came with the other. */
const PROMETHEUS: Packages = { needed: "prometheus", beside: "promtool" };

interface Packages {
  readonly needed: string;
  /** Taken, too, where there is such a package. */
  readonly beside?: string;
}

/**
 * A package (Prometheus unless another is named) of this machine's own release of Debian or Ubuntu, unpacked
 * below `directory` and not installed. Needs no root and leaves the machine's apt as it was:
 * its sources, keys and proxies are used, while lists and cache are private.
 */
export const unpackFromApt = async (
  directory: string,
  { needed, beside } = PROMETHEUS,
): Promise<Unpacked> => {
  const apt = join(directory, "apt");
  try {
    const config = await writeAptConfig(apt);
    const aptGet = (...args: readonly string[]): Promise<CommandResult> =>
      runCommand("apt-get", ["-q", "-c", config, ...args], { timeoutMs: APT_TIMEOUT_MS, cwd: apt });
    for (const args of [["update"], ["download", needed]]) {
      const result = await aptGet(...args);
      if (!succeeded(result)) return { kind: "unavailable", reason: failureOf(result) };
    }
    if (beside !== undefined) await aptGet("download", beside);
    return await unpack(apt, join(directory, "package"));
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
};

const writeAptConfig = async (apt: string): Promise<string> => {
  await mkdir(join(apt, "lists", "partial"), { recursive: true });
  await mkdir(join(apt, "cache", "archives", "partial"), { recursive: true });
  await writeFile(join(apt, "status"), "");
  const settings = {
    "Dir::State": apt,
    "Dir::State::Lists": join(apt, "lists"),
    "Dir::State::status": join(apt, "status"),
    "Dir::Cache": join(apt, "cache"),
    // The _apt user may not reach this directory; the archive's signature is what is relied on.
    "APT::Sandbox::User": "root",
    "APT::Get::AllowUnauthenticated": "false",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::Languages": "none",
    // Each try of a name that does not resolve can take 20 s.
    "Acquire::Retries": "0",
    "Acquire::http::Timeout": "10",
    "Acquire::https::Timeout": "10",
  };
  // Hooks of the machine are for its own lists.
  const cleared = ["Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"].map(
    (hook) => `#clear APT::Update::${hook};`,
  );
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  const config = join(apt, "apt.conf");
  await writeFile(config, `${[...cleared, ...lines].join("\n")}\n`);
  return config;
};

const unpack = async (downloads: string, directory: string): Promise<Unpacked> => {
  const archives = (await readdir(downloads)).filter((name) => name.endsWith(".deb"));
  if (archives.length === 0) return { kind: "unavailable", reason: "apt downloaded no package" };
  for (const archive of archives) {
    const args = ["-x", join(downloads, archive), directory];
    const unpacked = await runCommand("dpkg", args, { timeoutMs: 60_000 });
    if (!succeeded(unpacked)) return { kind: "unavailable", reason: failureOf(unpacked) };
  }
  return { kind: "unpacked", directory: join(directory, "usr", "bin") };
};

const succeeded = (result: CommandResult): boolean => result.kind === "exited" && result.code === 0;
