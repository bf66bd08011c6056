import { readdir } from "node:fs/promises";

// As the `nats` program names and writes them: either reads what the other has written.
export const META_FILE = "backup.json";
export const DATA_FILE = "stream.tar.s2";
/** Of the data, as `sha256sum --check` reads it; the `nats` program neither writes nor minds it. */
export const CHECKSUM_FILE = `${DATA_FILE}.sha256`;

/** Which streams a backup has; the `nats` program neither writes nor minds it. */
export const MANIFEST_FILE = "manifest.json";

/** A backup that is being made or removed; nobody restores it. */
export const PARTIAL = ".partial";

/** Safe in names of files, and in the order of time. */
export const nameOf = (at: Date): string => at.toISOString().replaceAll(/[:.]/g, "-");

const isName = (name: string): boolean => /^\d{4}-\d\d-\d\dT[\d-]+Z$/.test(name);

const foldersIn = async (root: string): Promise<readonly string[]> =>
  (await readdir(root, { withFileTypes: true }))
    .filter((one) => one.isDirectory())
    .map(({ name }) => name)
    .toSorted();

/** Complete backups, oldest first. */
export const backupsIn = async (root: string): Promise<readonly string[]> =>
  (await foldersIn(root)).filter(isName);

/** Backups that are being made or removed, or were when their process ended. */
export const partialsIn = async (root: string): Promise<readonly string[]> =>
  (await foldersIn(root)).filter(
    (name) => name.endsWith(PARTIAL) && isName(name.slice(0, -PARTIAL.length)),
  );
