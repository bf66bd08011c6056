import { randomBytes } from "node:crypto";
import { replaceFile, writeTempFile } from "./temp-dir.ts";

/** An entry of `HEADER_ENCRYPTION_KEYS_FILE`. */
export interface HeaderKey {
  readonly id: string;
  readonly key: string;
}

/** A new key under this id. */
export function headerKey(id: string): HeaderKey {
  return { id, key: randomBytes(32).toString("base64") };
}

/** Writes keys into a new file, or into `file` in one step; gives the path. */
export async function writeHeaderKeys(keys: readonly HeaderKey[], file?: string): Promise<string> {
  const text = JSON.stringify(keys);
  if (file === undefined) return writeTempFile("header-keys.json", text);
  await replaceFile(file, text);
  return file;
}
