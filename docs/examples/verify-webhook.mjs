// Verifies webhooks signed as Standard Webhooks 1.0 says: Node.js 20 or newer, nothing to install.
import { Buffer } from "node:buffer";
import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";

const TOLERANCE_SECONDS = 5 * 60;

/** The request is not to be trusted: respond with 401. Any other error is a fault of the receiver: 500. */
export class WebhookError extends Error {}

/**
 * Throws a WebhookError unless the request was signed with `key`, lately: a secret (`whsec_…`) or a
 * public key (`whpk_…`). `headers` as `request.headers` of node:http has them; `body` is the raw body,
 * a Buffer.
 */
export function verifyWebhook(key, headers, body, nowSeconds = Date.now() / 1000) {
  if (!(body instanceof Uint8Array)) {
    throw new TypeError("the raw body is needed, a Buffer: take it before anything parses it");
  }
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !timestamp || !signatures) throw new WebhookError("a webhook header is missing");
  // An old request that somebody recorded must not be accepted again.
  if (!/^\d+$/.test(timestamp) || Math.abs(nowSeconds - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new WebhookError("the timestamp is too old or too new");
  }
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const isRight = key.startsWith("whpk_") ? ed25519(key, content) : hmac(key, content);
  // While a secret is changed there is one signature for the old and one for the new.
  if (!signatures.split(" ").some((signature) => isRight(signature))) {
    throw new WebhookError("no signature fits: not the raw body, or another secret");
  }
}

function hmac(key, content) {
  if (!key.startsWith("whsec_")) throw new Error("the key must begin with whsec_ or whpk_");
  const secret = Buffer.from(key.slice("whsec_".length), "base64");
  const expected = Buffer.from(
    `v1,${createHmac("sha256", secret).update(content).digest("base64")}`,
  );
  return (signature) => {
    const given = Buffer.from(signature);
    // In constant time: how long it takes must not tell how much of a guess was right.
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
}

function ed25519(key, content) {
  const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return (signature) =>
    signature.startsWith("v1a,") &&
    verify(null, content, publicKey, Buffer.from(signature.slice("v1a,".length), "base64"));
}
