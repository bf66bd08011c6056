import { access, chmod, constants, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, join, relative, resolve } from "node:path";
import { failureOf, reasonOf, runCommand } from "./command.ts";
import { fetchFromApt } from "./nats-server/from-apt.ts";
import { fetchFromDocker } from "./nats-server/from-docker.ts";
import { fetchFromRelease } from "./nats-server/from-release.ts";
import {
  describeFailure,
  type Fetched,
  formatVersion,
  isNewEnough,
  minimumVersion,
  parseServerVersion,
  type Report,
} from "./nats-server/sources.ts";

/** A way to get an executable into a directory of its own; never throws for what a network can do. */
export interface Fetcher {
  readonly name: string;
  readonly fetch: (directory: string, report: Report) => Promise<Fetched>;
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly toolsDirectory: string;
  readonly fetchers: readonly Fetcher[];
  readonly report: Report;
}

type Judged =
  | { readonly kind: "usable"; readonly version: string }
  | { readonly kind: "unusable"; readonly reason: string };

const here: Surroundings = {
  env: process.env,
  toolsDirectory: resolve(import.meta.dirname, "..", ".tools"),
  fetchers: [
    { name: "official release archive", fetch: fetchFromRelease },
    { name: "distribution's package", fetch: fetchFromApt },
    { name: "official Docker image", fetch: fetchFromDocker },
  ],
  report: (line) => process.stderr.write(`nats-server: ${line}\n`),
};

const expected = `${minimumVersion.major}.${minimumVersion.minor} or newer`;

/**
 * The absolute path of a nats-server that is new enough: NATS_SERVER, one on PATH, the one fetched
 * earlier, or a newly fetched one, which is kept in .tools. NATS_SERVER is an explicit wish, so a
 * wrong one is an error; every other source that fails only leads to the next. Throws with all of
 * them and their reasons when none is left.
 */
export async function ensureNatsServer(overrides: Partial<Surroundings> = {}): Promise<string> {
  const surroundings = { ...here, ...overrides };
  const { env, toolsDirectory, fetchers, report } = surroundings;
  const wish = env["NATS_SERVER"] ?? "";
  if (wish !== "") return requested(wish);

  const tried = [{ name: "NATS_SERVER", reason: "not set" }];
  const onPath = await findOnPath(env["PATH"] ?? "");
  if (onPath.kind === "found") return onPath.path;
  tried.push({ name: "PATH", reason: onPath.reason });

  const kept = join(toolsDirectory, "nats-server");
  const judgedKept = await judge(kept);
  if (judgedKept.kind === "usable") return kept;
  tried.push({ name: relative(".", kept), reason: judgedKept.reason });

  for (const fetcher of fetchers) {
    const fetched = await fetchInto(kept, fetcher, surroundings);
    if (fetched.kind === "usable") {
      report(`${fetched.version} from: ${fetcher.name}, kept as ${relative(".", kept)}`);
      return kept;
    }
    report(`skipped ${fetcher.name}: ${fetched.reason}`);
    tried.push({ name: fetcher.name, reason: fetched.reason });
  }
  throw new Error(describeFailure(tried));
}

async function requested(wish: string): Promise<string> {
  const path = resolve(wish);
  const judged = await judge(path);
  if (judged.kind === "usable") return path;
  throw new Error(
    `NATS_SERVER: '${wish}' ${judged.reason}; expected the path of a nats-server ${expected}`,
  );
}

type OnPath =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "absent"; readonly reason: string };

/** The first one that is new enough, not the first one: a distribution's own is often an old one. */
async function findOnPath(searchPath: string): Promise<OnPath> {
  const reasons: string[] = [];
  for (const directory of searchPath.split(delimiter).filter((entry) => entry !== "")) {
    const path = resolve(directory, "nats-server");
    if (!(await isExecutable(path))) continue;
    const judged = await judge(path);
    if (judged.kind === "usable") return { kind: "found", path };
    reasons.push(`${path} ${judged.reason}`);
  }
  return {
    kind: "absent",
    reason: reasons.length === 0 ? "no nats-server on it" : reasons.join("; "),
  };
}

/** Fetched into a directory of its own and renamed at the end: others see all of it or nothing. */
async function fetchInto(
  kept: string,
  fetcher: Fetcher,
  { toolsDirectory, report }: Surroundings,
): Promise<Judged> {
  await mkdir(toolsDirectory, { recursive: true });
  const directory = await mkdtemp(join(toolsDirectory, "fetching-"));
  try {
    const fetched = await fetcher.fetch(directory, report);
    if (fetched.kind === "unavailable") return { kind: "unusable", reason: fetched.reason };
    await chmod(fetched.file, 0o755);
    const judged = await judge(fetched.file);
    if (judged.kind === "usable") await rename(fetched.file, kept);
    return judged;
  } catch (error) {
    return { kind: "unusable", reason: reasonOf(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function judge(path: string): Promise<Judged> {
  if (!(await isExecutable(path))) return { kind: "unusable", reason: "is no executable file" };
  const result = await runCommand(path, ["--version"], { timeoutMs: 5_000 });
  if (result.kind === "not_run") return { kind: "unusable", reason: `failed: ${result.reason}` };
  const version = parseServerVersion(result.stdout);
  if (result.code !== 0 || version === undefined) {
    const said = result.stdout.trim() === "" ? failureOf(result) : result.stdout.trim();
    return { kind: "unusable", reason: `says '${said}' for --version` };
  }
  if (!isNewEnough(version)) {
    return { kind: "unusable", reason: `is version ${formatVersion(version)}` };
  }
  return { kind: "usable", version: formatVersion(version) };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  try {
    console.log(await ensureNatsServer());
  } catch (error) {
    for (const line of reasonOf(error).split("\n")) here.report(line);
    process.exit(1);
  }
}
