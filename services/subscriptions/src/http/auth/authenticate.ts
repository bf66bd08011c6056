import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { hasEnded, type Credential, type Credentials } from "./credential.ts";

const MAX_TOKEN_CHARACTERS = 512;
const MAX_ID_PARTS = 64; // an id has at most as many characters
const DUMMY_DIGEST = "0".repeat(64);

/**
 * What a request's headers prove: a key `rb_<id>_<secret>` or the token of a session, or undefined. It gives no
 * reason: nobody learns what there is. `Authorization` counts only where no `X-API-KEY` is sent.
 */
export const authenticate = (
  headers: IncomingHttpHeaders,
  known: Credentials,
  nowMs: number,
): Credential | undefined => {
  const token = tokenIn(headers);
  if (token === undefined || token.length > MAX_TOKEN_CHARACTERS) return undefined;
  const candidates = candidatesFor(token, known);
  const digest = createHash("sha256").update(token).digest();
  // Unknown ids cost a comparison too, so that time does not tell which ids there are.
  if (candidates.length === 0) isDigest(digest, DUMMY_DIGEST);
  const proven = candidates.find(({ digests }) =>
    digests.some(({ sha256, untilMs = Infinity }) => isDigest(digest, sha256) && nowMs < untilMs),
  );
  if (proven === undefined || hasEnded(proven, nowMs)) return undefined;
  return isOfEndedKey(proven, known, nowMs) ? undefined : proven;
};

const candidatesFor = (token: string, known: Credentials): readonly Credential[] => {
  const [prefix, ...parts] = token.split("_");
  if (prefix === "rbs") {
    const session = known.session(parts[0] ?? "");
    return session === undefined ? [] : [session];
  }
  if (prefix !== "rb") return [];
  // Ids and secrets of keys may hold underscores: every id that this can be read as.
  const ends = parts.slice(1, MAX_ID_PARTS + 1);
  return ends.flatMap((_, n) => known.keys(parts.slice(0, n + 1).join("_")));
};

/** Who revokes a key means all that it made. */
const isOfEndedKey = ({ madeByKey }: Credential, { keys }: Credentials, nowMs: number): boolean =>
  madeByKey !== undefined && !keys(madeByKey).some((key) => !hasEnded(key, nowMs));

const tokenIn = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers["x-api-key"];
  if (key !== undefined) return typeof key === "string" ? key : undefined;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
};

const isDigest = (digest: Buffer, hex: string): boolean =>
  timingSafeEqual(digest, Buffer.from(hex, "hex"));
