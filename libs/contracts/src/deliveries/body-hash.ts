// oxlint-disable-next-line no-restricted-imports -- hashing reads and writes nothing
import { createHash } from "node:crypto";

/** 22 characters of the bytes' SHA-256 in base64url. */
export const bodyHash = (body: Uint8Array): string =>
  createHash("sha256").update(body).digest("base64url").slice(0, 22);
