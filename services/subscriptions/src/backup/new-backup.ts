import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Snapshot } from "./archive.ts";
import { CHECKSUM_FILE, DATA_FILE, MANIFEST_FILE, META_FILE, nameOf, PARTIAL } from "./layout.ts";
import type { Manifest } from "./manifest.ts";

/** Hands a stream's bytes over, part by part, in their order. */
type TakeSnapshot = (write: (part: Uint8Array) => Promise<unknown>) => Promise<Snapshot>;

/** A backup that is being made. */
export type NewBackup = {
  readonly name: string;
  /** Writes a stream's bytes with their checksum, and what the stream was. */
  readonly add: (stream: StreamName, take: TakeSnapshot) => Promise<Snapshot>;
  /** From here on it is complete, and may be restored. */
  readonly finish: () => Promise<void>;
  /** Removes it: it will not be finished. */
  readonly abandon: () => Promise<void>;
};

/** Begins a backup in a folder of its own. */
export const beginBackup = async (root: string, at: Date): Promise<NewBackup> => {
  const name = nameOf(at);
  const folder = join(root, `${name}${PARTIAL}`);
  await mkdir(folder);
  const streams: Manifest["streams"][number][] = [];
  return {
    name,
    add: async (stream, take) => {
      const own = join(folder, stream);
      await mkdir(own);
      const { snapshot, sha256 } = await writeData(own, take);
      await writeFile(join(own, META_FILE), JSON.stringify(snapshot.meta, null, 2), PRIVATE);
      const { bytes, meta } = snapshot;
      streams.push({ stream, messages: meta.state.messages, bytes, sha256 });
      return snapshot;
    },
    finish: async () => {
      const manifest: Manifest = { began_at: at.toISOString(), streams };
      await writeFile(join(folder, MANIFEST_FILE), JSON.stringify(manifest, null, 2), PRIVATE);
      await rename(folder, join(root, name));
    },
    abandon: () => rm(folder, { recursive: true, force: true }),
  };
};

const PRIVATE = { mode: 0o600, flush: true };

const writeData = async (
  folder: string,
  take: TakeSnapshot,
): Promise<{ readonly snapshot: Snapshot; readonly sha256: string }> => {
  const file = await open(join(folder, DATA_FILE), "wx", PRIVATE.mode);
  const hash = createHash("sha256");
  try {
    const snapshot = await take((part) => {
      hash.update(part);
      return file.writeFile(part);
    });
    await file.sync();
    const sha256 = hash.digest("hex");
    await writeFile(join(folder, CHECKSUM_FILE), `${sha256}  ${DATA_FILE}\n`, PRIVATE);
    return { snapshot, sha256 };
  } finally {
    await file.close();
  }
};
