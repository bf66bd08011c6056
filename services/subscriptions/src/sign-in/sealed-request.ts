import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { z } from "zod";

const requestSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  untilMs: z.number(),
});

/** A sign-in that has begun: what the provider's response is checked with. */
export type SignInRequest = z.infer<typeof requestSchema>;

/** How long a person may take at the provider. */
export const REQUEST_LASTS_MS = 10 * 60_000;

export type RequestSealer = {
  readonly seal: (request: SignInRequest) => string;
  /** The request in a text; undefined for one that was not made here, was altered, or is over. */
  readonly open: (text: string, nowMs: number) => SignInRequest | undefined;
};

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_CHARACTERS = 1_024;

/**
 * Seals what a browser keeps for us between its two requests. The key comes from the client's secret, which all instances
 * have: any of them can finish what another began, and nothing is stored for those who do not come back.
 */
export const requestSealer = (clientSecret: string): RequestSealer => {
  const key = Buffer.from(hkdfSync("sha256", clientSecret, "", "ringback sign-in request", 32));
  return {
    seal: (request) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      const box = Buffer.concat([cipher.update(JSON.stringify(request), "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), box]).toString("base64url");
    },
    open: (text, nowMs) => {
      if (text.length > MAX_CHARACTERS) return undefined;
      const bytes = Buffer.from(text, "base64url");
      if (bytes.byteLength <= NONCE_BYTES + TAG_BYTES) return undefined;
      const json = decrypted(bytes, key);
      const request = json === undefined ? undefined : requestSchema.safeParse(json).data;
      return request !== undefined && request.untilMs > nowMs ? request : undefined;
    },
  };
};

const decrypted = (bytes: Buffer, key: Buffer): unknown => {
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  const options = { authTagLength: TAG_BYTES }; // a shorter tag would be easier to forge
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), options);
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, tagEnd));
  const plain = decipher.update(bytes.subarray(tagEnd));
  try {
    return JSON.parse(Buffer.concat([plain, decipher.final()]).toString("utf8"));
  } catch {
    return undefined; // the tag does not match: no deciphered byte may be used
  }
};
