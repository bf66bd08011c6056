import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import {
  formatSigningSecret,
  parseSigningSecret,
} from "@ringback/contracts/secrets/signing-secret";
import { usageError } from "../cli-error.ts";

/** The value of `webhook-signature` for a request (Standard Webhooks 1.0, v1). */
export type Sign = (id: string, timestamp: string, body: Uint8Array) => string;

/** Signs as the dispatcher does for a subscription with this secret; throws for any secret but `v1`. */
export const signerOf = (secret: string): Sign => {
  const read = parseSigningSecret(secret);
  if (read.kind === "refused") throw usageError(`--secret ${read.message}`);
  if (read.kind !== "v1") throw usageError("--secret must begin with whsec_: only v1 signs here");
  const { key } = read;
  return (id, timestamp, body) =>
    `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
};

export const newSecret = (): string => formatSigningSecret("v1", Buffer.from(randomBytes(32)));
