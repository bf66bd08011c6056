import { access, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandResult, failureOf, runCommand } from "../command.ts";
import {
  type Fetched,
  type PackageSource,
  packageSources,
  type Report,
  sourcesListLine,
  tellsUnreachable,
} from "./sources.ts";

const aptTimeoutMs = 180_000;

/**
 * The nats-server package of a newer suite of this machine's own distribution, unpacked into
 * `directory` and not installed. Needs no root and leaves the machine's apt as it was: sources,
 * lists and cache are private. Only packages signed with the distribution's keys are taken.
 */
export async function fetchFromApt(directory: string, report: Report): Promise<Fetched> {
  // --no-release-info: without it apt names only repositories whose lists it has downloaded,
  // and a fresh container image has none
  const query = ["indextargets", "--no-release-info", "--format", "$(REPO_URI)"];
  const targets = await runCommand("apt-get", query, { timeoutMs: 10_000 });
  if (!succeeded(targets)) return { kind: "unavailable", reason: failureOf(targets) };
  const sources = packageSources(targets.stdout.split("\n"));
  if (sources.length === 0) {
    return { kind: "unavailable", reason: "apt is set to no mirror of Debian or Ubuntu" };
  }
  const reasons: string[] = [];
  const unreachable = new Set<string>();
  for (const source of sources) {
    if (unreachable.has(source.uri)) continue;
    report(`asking ${source.name} through this machine's own apt mirror (some 10 MB of lists) ...`);
    const fetched = await fetchFromSuite(source, directory);
    if (fetched.kind === "fetched") return fetched;
    reasons.push(`${source.name}: ${fetched.reason}`);
    // no use in waiting as long again for the same mirror's next suite
    if (tellsUnreachable(fetched.reason)) unreachable.add(source.uri);
  }
  return { kind: "unavailable", reason: reasons.join("; ") };
}

async function fetchFromSuite(source: PackageSource, directory: string): Promise<Fetched> {
  const keyring = await firstExisting(source.keyrings);
  if (keyring === undefined) {
    const reason = `there is no ${source.keyrings[0]} to check its signature with`;
    return { kind: "unavailable", reason };
  }
  const apt = join(directory, `apt-${source.suite}`);
  try {
    const config = await writeAptConfig(apt, source, keyring);
    for (const args of [["update"], ["download", "nats-server"]]) {
      const options = { timeoutMs: aptTimeoutMs, cwd: apt };
      const result = await runCommand("apt-get", ["-q", "-c", config, ...args], options);
      if (!succeeded(result)) return { kind: "unavailable", reason: failureOf(result) };
    }
    return await unpack(apt, join(directory, source.suite));
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
}

/**
 * A configuration that is read after the machine's own, so that its proxies and credentials stay
 * in force, while everything that apt writes goes below `apt` and everything that could make it
 * trust, choose or do something else is taken back.
 */
async function writeAptConfig(apt: string, source: PackageSource, keyring: string) {
  const architecture = await runCommand("dpkg", ["--print-architecture"], { timeoutMs: 10_000 });
  if (!succeeded(architecture)) throw new Error(failureOf(architecture));
  await mkdir(join(apt, "lists", "partial"), { recursive: true });
  await mkdir(join(apt, "cache", "archives", "partial"), { recursive: true });
  const line = sourcesListLine(source, architecture.stdout.trim(), keyring);
  await writeFile(join(apt, "sources.list"), line);
  await writeFile(join(apt, "status"), "");
  const settings = {
    "Dir::Etc::SourceList": join(apt, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "Dir::State": apt,
    "Dir::State::Lists": join(apt, "lists"),
    "Dir::State::status": join(apt, "status"),
    "Dir::Cache": join(apt, "cache"),
    // the _apt user may not reach this directory; the signature is what is relied on
    "APT::Sandbox::User": "root",
    // a list that could not be fetched is an error and not a warning
    "APT::Update::Error-Mode": "any",
    "APT::Get::AllowUnauthenticated": "false",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::AllowWeakRepositories": "false",
    "Acquire::AllowDowngradeToInsecureRepositories": "false",
    "Acquire::Languages": "none",
    // each try of a name that does not resolve can take 20 s
    "Acquire::Retries": "0",
    "Acquire::http::Timeout": "10",
    "Acquire::https::Timeout": "10",
  };
  // hooks of the machine are for its own lists (desktop caches, clearing its own archive)
  const cleared = [
    "APT::Default-Release",
    "APT::Update::Pre-Invoke",
    "APT::Update::Post-Invoke",
    "APT::Update::Post-Invoke-Success",
  ];
  const config = join(apt, "apt.conf");
  const lines = [
    ...cleared.map((name) => `#clear ${name};`),
    ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  return config;
}

async function unpack(downloads: string, directory: string): Promise<Fetched> {
  const archive = (await readdir(downloads)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) return { kind: "unavailable", reason: "apt downloaded no package" };
  const args = ["-x", join(downloads, archive), directory];
  const unpacked = await runCommand("dpkg", args, { timeoutMs: 60_000 });
  if (!succeeded(unpacked)) return { kind: "unavailable", reason: failureOf(unpacked) };
  const places = ["usr/sbin", "usr/bin"].map((place) => join(directory, place, "nats-server"));
  const file = await firstExisting(places);
  if (file === undefined) return { kind: "unavailable", reason: `${archive} has no nats-server` };
  return { kind: "fetched", file };
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path);
      return path;
    } catch {
      // the next one, then
    }
  }
  return undefined;
}

function succeeded(result: CommandResult): result is CommandResult & { kind: "exited" } {
  return result.kind === "exited" && result.code === 0;
}
