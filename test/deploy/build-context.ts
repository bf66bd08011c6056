import { readdirSync, readFileSync, statSync } from "node:fs";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { makeTempDir } from "../harness/temp-dir.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** What of @balena/dockerignore is used; its types say that it has a default export, its code has none. */
interface Ignore {
  add(patterns: string): Ignore;
  ignores(path: string): boolean;
  filter(paths: readonly string[]): string[];
}

/** Which files a builder of images gets, by .dockerignore. */
export function buildContext(): Ignore {
  const dockerignore = createRequire(import.meta.url)("@balena/dockerignore") as () => Ignore;
  return dockerignore().add(readFileSync(join(ROOT, ".dockerignore"), "utf8"));
}

/** Every file of the packages in libs/ and services/. */
export function filesOfPackages(): string[] {
  return ["libs", "services"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path}`)
      .filter((path) => !path.includes("node_modules") && statSync(join(ROOT, path)).isFile()),
  );
}

/** For developers' own machines: in no image. */
const COMMAND_LINE = "node_modules/ringback";

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly link?: boolean }>>;
}

/** Lays out what the images have: the files of the context, and no package that is for developing. */
export async function layOutImage(): Promise<string> {
  const directory = await makeTempDir("image");
  const ofConsole = ["console/package.json", "console/dist"];
  for (const path of ["package.json", ...ofConsole, ...buildContext().filter(filesOfPackages())]) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await cp(join(ROOT, path), join(directory, path), { recursive: true });
  }
  const lockfile = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as Lockfile;
  for (const [path, { dev = false, link = false }] of Object.entries(lockfile.packages)) {
    // Packages below packages come with them.
    if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
    if (path === COMMAND_LINE) continue;
    await mkdir(dirname(join(directory, path)), { recursive: true });
    const [, , name = ""] = path.split("/");
    const target = link ? await workspaceNamed(name, directory) : join(ROOT, path);
    await symlink(target, join(directory, path));
  }
  return directory;
}

/** Where a package of this repository lies in the layout. */
async function workspaceNamed(name: string, directory: string): Promise<string> {
  const folders = ["libs", "services", "."].map((folder) => join(directory, folder, name));
  for (const folder of folders) {
    const found = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    if (found !== undefined) return folder;
  }
  throw new Error(`${name}: is in neither libs nor services nor the root`);
}
