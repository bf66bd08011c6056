import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { reasonOf } from "../command.ts";
import { unpackFromApt } from "./from-apt.ts";

/** Alertmanager with amtool; or why there is none. */
export type AlertmanagerTools =
  | {
      readonly kind: "found";
      /** The program, behind what it has to be started by. */
      readonly alertmanager: readonly [command: string, ...before: readonly string[]];
      readonly amtool: string;
    }
  | { readonly kind: "absent"; readonly reason: string };

const TOOLS = resolve(import.meta.dirname, "../..", ".tools");
/** The project's own name of the program, and the distribution's. */
const NAMES = ["alertmanager", "prometheus-alertmanager"];

/** Of the directory ALERTMANAGER_BIN_DIR, of .tools, of PATH, or fetched now from the distribution and kept in .tools. */
export const findAlertmanager = async (): Promise<AlertmanagerTools> => {
  const wish = process.env["ALERTMANAGER_BIN_DIR"] ?? "";
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "");
  const kept = join(TOOLS, "alertmanager");
  const places = wish === "" ? [join(kept, "bin"), ...onPath] : [resolve(wish)];
  const found = places.map(inFolder).find(({ kind }) => kind === "found");
  if (found !== undefined) return found;
  if (wish !== "")
    throw new Error(`ALERTMANAGER_BIN_DIR: '${wish}' has no alertmanager with amtool`);
  await mkdir(TOOLS, { recursive: true });
  const directory = await mkdtemp(join(TOOLS, "fetching-"));
  try {
    const unpacked = await unpackFromApt(directory, { needed: "prometheus-alertmanager" });
    if (unpacked.kind === "unavailable") return { kind: "absent", reason: unpacked.reason };
    await rename(dirname(unpacked.directory), kept).catch(() => undefined); // another process was faster
    return inFolder(join(kept, "bin"));
  } catch (error) {
    return { kind: "absent", reason: reasonOf(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const inFolder = (directory: string): AlertmanagerTools => {
  const amtool = join(directory, "amtool");
  const program = NAMES.map((name) => join(directory, name)).find((path) => existsSync(path));
  if (program === undefined || !existsSync(amtool))
    return { kind: "absent", reason: `${directory} has no alertmanager with amtool` };
  const share = join(directory, "../share");
  const isUnpacked = directory.startsWith(TOOLS) && existsSync(share);
  return {
    kind: "found",
    amtool,
    alertmanager: isUnpacked ? [...seeing(share), program] : [program],
  };
};

/** The distribution's program reads its templates below /usr/share: there it sees the package's own, and nobody else does. */
const seeing = (share: string): readonly [string, ...string[]] => [
  "unshare",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount --bind "$0" /usr/share && exec "$@"',
  share,
];
