import { createHash, randomBytes } from "node:crypto";

/** A new id without `_`, so that it ends where a token's secret begins. */
const newId = (prefix: string): string => `${prefix}${randomBytes(10).toString("hex")}`;

export const newKeyId = (): string => newId("k");

export const newSessionId = (): string => newId("s");

/** A token that is shown once, and the digest that stays. */
type NewToken = { readonly token: string; readonly sha256: string };

/** 256 random bits: a digest without salt cannot be turned back by trying. */
const newToken = (prefix: string, id: string): NewToken => {
  const token = `${prefix}_${id}_${randomBytes(32).toString("hex")}`;
  return { token, sha256: createHash("sha256").update(token).digest("hex") };
};

/** A key `rb_<id>_<secret>`. */
export const newKeyToken = (keyId: string): NewToken => newToken("rb", keyId);

/** The token `rbs_<id>_<secret>` of a session. */
export const newSessionToken = (sessionId: string): NewToken => newToken("rbs", sessionId);

/** What else is derived from a key is derived from this. */
export const newSeed = (): string => randomBytes(32).toString("hex");
