import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { failureOf, reasonOf, runCommand } from "./command.ts";
import { unpackFromApt, type Unpacked } from "./prometheus/from-apt.ts";

/** Prometheus and promtool of one version; or why there are none. */
export type PrometheusTools =
  | {
      readonly kind: "found";
      readonly prometheus: string;
      readonly promtool: string;
      readonly version: string;
    }
  | { readonly kind: "absent"; readonly reason: string };

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly toolsDirectory: string;
  readonly fetch: (directory: string) => Promise<Unpacked>;
  readonly report: (line: string) => void;
}

const here: Surroundings = {
  env: process.env,
  toolsDirectory: resolve(import.meta.dirname, "..", ".tools"),
  fetch: unpackFromApt,
  report: (line) => process.stderr.write(`prometheus: ${line}\n`),
};

/** `last_over_time` and `group` are asked for by the rules; older ones do not know them. */
const OLDEST = { major: 2, minor: 26 };

/**
 * The two programs that the monitoring is proven with: of the directory PROMETHEUS_BIN_DIR, of PATH,
 * fetched earlier, or fetched now from the distribution and kept in .tools. Only a wrong
 * PROMETHEUS_BIN_DIR is an error, as somebody asked for it; who has none can do everything else.
 */
export const findPrometheus = async (
  overrides: Partial<Surroundings> = {},
): Promise<PrometheusTools> => {
  const { env, toolsDirectory, fetch, report } = { ...here, ...overrides };
  const wish = env["PROMETHEUS_BIN_DIR"] ?? "";
  if (wish !== "") {
    const judged = await judge(resolve(wish));
    if (judged.kind === "found") return judged;
    throw new Error(`PROMETHEUS_BIN_DIR: '${wish}': ${judged.reason}`);
  }
  const kept = join(toolsDirectory, "prometheus");
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "");
  for (const directory of [kept, ...onPath]) {
    const judged = await judge(resolve(directory));
    if (judged.kind === "found") return judged;
  }
  report("fetching the distribution's package (some 30 MB, once) ...");
  const fetched = await fetchInto(kept, toolsDirectory, fetch);
  if (fetched.kind === "absent")
    report(`there is none, what needs it is left out: ${fetched.reason}`);
  return fetched;
};

/** Fetched beside its place and renamed at the end: others see all of it or nothing. */
const fetchInto = async (
  kept: string,
  toolsDirectory: string,
  fetch: Surroundings["fetch"],
): Promise<PrometheusTools> => {
  await mkdir(toolsDirectory, { recursive: true });
  const directory = await mkdtemp(join(toolsDirectory, "fetching-"));
  try {
    const unpacked = await fetch(directory);
    if (unpacked.kind === "unavailable") return { kind: "absent", reason: unpacked.reason };
    const judged = await judge(unpacked.directory);
    if (judged.kind === "absent") return judged;
    // Another process may have been faster; its copy is as good, unless it is of no use.
    const isKept = (await judge(kept)).kind === "found";
    if (!isKept) await rm(kept, { recursive: true, force: true });
    if (!isKept) await rename(unpacked.directory, kept).catch(() => undefined);
    return await judge(kept);
  } catch (error) {
    return { kind: "absent", reason: reasonOf(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const judge = async (directory: string): Promise<PrometheusTools> => {
  const [prometheus, promtool] = [join(directory, "prometheus"), join(directory, "promtool")];
  const versions: string[] = [];
  for (const program of [promtool, prometheus]) {
    const result = await runCommand(program, ["--version"], { timeoutMs: 10_000 });
    if (result.kind === "not_run") return { kind: "absent", reason: result.reason };
    // Some versions print it on stderr.
    const said = /version (\d+)\.(\d+)\.(\d+)/.exec(`${result.stdout}\n${result.stderr}`);
    if (said === null) return { kind: "absent", reason: failureOf(result) };
    const [, major, minor] = said.map(Number);
    const isOld = major === OLDEST.major && (minor ?? 0) < OLDEST.minor;
    if (isOld || (major ?? 0) < OLDEST.major) {
      const expected = `${OLDEST.major}.${OLDEST.minor} or newer`;
      return { kind: "absent", reason: `${program} is ${said[0]}, expected ${expected}` };
    }
    versions.push(said[0].replace("version ", ""));
  }
  return { kind: "found", prometheus, promtool, version: versions[0] ?? "" };
};
