import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { failureOf, runCommand } from "../command.ts";
import type { EngineName } from "./engine.ts";
import { EXTRA_CA_IN_IMAGE, writeBuildRoot, writeRuntimeRoot } from "./local-bases.ts";

/** The services that have an image each: targets of the Dockerfile. */
export const IMAGE_TARGETS = ["subscriptions", "dispatcher"] as const;
export type ImageTarget = (typeof IMAGE_TARGETS)[number];

const ROOT = join(import.meta.dirname, "../..");
const BASE_DOCKERFILE = `FROM scratch
COPY . /
ENV PATH=/usr/bin:/nodejs/bin NODE_EXTRA_CA_CERTS=${EXTRA_CA_IN_IMAGE}
`;
const BUILD_TIMEOUT_MS = 15 * 60_000;

export type Building = {
  readonly engine: EngineName;
  readonly env: NodeJS.ProcessEnv;
  /** More arguments of `build`, such as `--platform linux/arm64`. */
  readonly more: readonly string[];
};

/** What an image says of where it comes from. */
export type Origin = {
  readonly version: string;
  readonly revision: string;
  /** When the commit was made, so that the same commit gives the same label. */
  readonly created: string;
};

/** What git says, or nothing where this is no clone. */
const git = async (...args: string[]): Promise<string> => {
  const result = await runCommand("git", args, { timeoutMs: 10_000, cwd: ROOT });
  return result.kind === "exited" && result.code === 0 ? result.stdout.trim() : "";
};

/** Version, commit and its time; `-dirty` where the working tree holds more than the commit. */
export const originOf = async (version: string): Promise<Origin> => {
  const commit = await git("rev-parse", "HEAD");
  const isDirty = (await git("status", "--porcelain", "--", "libs", "services")) !== "";
  return {
    version,
    revision: commit === "" ? "unknown" : `${commit}${isDirty ? "-dirty" : ""}`,
    created: (await git("log", "-1", "--format=%cI")) || "1970-01-01T00:00:00Z",
  };
};

/** Builds one target under this name; what the engine prints goes to stderr. */
export const buildImage = async (
  target: ImageTarget,
  name: string,
  { version, revision, created }: Origin,
  building: Building,
): Promise<void> => {
  const args = { VERSION: version, REVISION: revision, CREATED: created };
  const buildArgs = Object.entries(args).flatMap(([arg, value]) => [
    "--build-arg",
    `${arg}=${value}`,
  ]);
  await build(["--target", target, "--tag", name, ...buildArgs, ...building.more, ROOT], building);
};

/**
 * Builds stand-ins for both bases out of this machine's Node.js and npm, and gives the arguments that
 * make the Dockerfile use them: for machines that reach no registry of images. For trying out only.
 */
export const buildLocalBases = async (npmCli: string, building: Building): Promise<string[]> => {
  const directory = await mkdtemp(join(tmpdir(), "ringback-bases-"));
  try {
    await writeRuntimeRoot(join(directory, "runtime"), process.execPath);
    const extraCa = building.env["NODE_EXTRA_CA_CERTS"] || undefined;
    await writeBuildRoot(join(directory, "build"), process.execPath, npmCli, extraCa);
    const args: string[] = [];
    for (const base of ["runtime", "build"]) {
      const file = join(directory, `Dockerfile.${base}`);
      await writeFile(file, BASE_DOCKERFILE);
      const name = `localhost/ringback-base/${base}:local`;
      await build(["--file", file, "--tag", name, join(directory, base)], building);
      args.push("--build-arg", `${base.toUpperCase()}_IMAGE=${name}`);
    }
    return args;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const build = async (args: readonly string[], { engine, env }: Building): Promise<void> => {
  const options = { env, stdio: ["ignore", 2, 2] as ["ignore", 2, 2], timeout: BUILD_TIMEOUT_MS };
  const child = spawn(engine, ["build", ...args], options);
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  if (code !== 0) throw new Error(`${engine} build ended with ${signal ?? `code ${code}`}`);
};

/** How many bytes an image takes, unpacked, as the engine says it. */
export const imageSize = async (name: string, { engine, env }: Building): Promise<number> => {
  const args =
    engine === "buildah"
      ? ["images", "--json", name]
      : ["image", "inspect", "--format", "{{.Size}}", name];
  const result = await runCommand(engine, args, { timeoutMs: 30_000, env });
  const bytes = result.kind === "exited" && result.code === 0 ? Number(result.stdout) : Number.NaN;
  // buildah tells sizes in words only.
  if (Number.isNaN(bytes) && engine !== "buildah") throw new Error(failureOf(result));
  return bytes;
};
