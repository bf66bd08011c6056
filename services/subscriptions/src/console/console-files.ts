import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built front end. */
export type ConsoleFiles = {
  /** The folder of files that the pages load; each is named for its content. */
  readonly assets: string;
  readonly consolePage: string;
  readonly portalPage: string;
};

/** The front end as `console/` was built; undefined where it was not. */
export const builtConsole = async (): Promise<ConsoleFiles | undefined> => {
  const manifest = fileURLToPath(import.meta.resolve("@ringback/console/package.json"));
  const dist = join(dirname(manifest), "dist");
  try {
    await access(join(dist, "assets"));
    return {
      assets: join(dist, "assets"),
      consolePage: await readFile(join(dist, "index.html"), "utf8"),
      portalPage: await readFile(join(dist, "portal.html"), "utf8"),
    };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};
