import { readFileSync } from "node:fs";
import {
  credsAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
} from "@nats-io/transport-node";
import type { Logger } from "../telemetry/logger.ts";
import { readNatsServers, type NatsServers } from "./servers.ts";
import type { Settings, commonSettings } from "../settings/settings.ts";

export type CredentialSettings = Pick<
  Settings<typeof commonSettings>,
  "NATS_URL" | "NATS_URL_FILE" | "NATS_CREDS_FILE"
>;

/** Reads the file that a setting names; an error names the setting. */
export const readNamed = (name: string, path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${name}: ${message}`, { cause: error });
  }
};

/** The servers in NATS_URL; throws for an invalid one. */
export const serversIn = (text: string): NatsServers => {
  const read = readNatsServers(text);
  if (read.kind === "invalid") throw new Error(`NATS_URL: ${read.message}`);
  return read.value;
};

/**
 * The credentials for each log-in; undefined for none. Files are read for each log-in, so that rotated credentials
 * count at the next one. If a file cannot be read then, the last good credentials stay: the client closes itself for
 * good when an authenticator throws.
 */
export const credentialsOf = (
  { NATS_URL, NATS_URL_FILE: urlFile, NATS_CREDS_FILE: credsFile }: CredentialSettings,
  log: Logger,
): Authenticator | undefined => {
  const { user } = serversIn(NATS_URL);
  if (user !== undefined && credsFile !== undefined) {
    throw new Error("NATS_CREDS_FILE: is set, and NATS_URL names a user too: expected one of them");
  }
  if (credsFile !== undefined) {
    const read = (): Authenticator => {
      const bytes = readNamed("NATS_CREDS_FILE", credsFile);
      const authenticator = credsAuthenticator(bytes);
      authenticator("try"); // throws for a file that is half written
      return authenticator;
    };
    return lastGood("NATS_CREDS_FILE", read, log);
  }
  if (user === undefined) return undefined;
  if (urlFile === undefined) return usernamePasswordAuthenticator(user.name, user.password);
  const read = (): Authenticator => {
    const text = new TextDecoder().decode(readNamed("NATS_URL_FILE", urlFile)).trim();
    const found = serversIn(text).user;
    if (found === undefined) throw new Error("NATS_URL_FILE: names no user any more");
    return usernamePasswordAuthenticator(found.name, found.password);
  };
  return lastGood("NATS_URL_FILE", read, log);
};

const lastGood = (setting: string, read: () => Authenticator, log: Logger): Authenticator => {
  let good = read();
  return (nonce) => {
    try {
      good = read();
    } catch (error) {
      log.warn({ err: error, setting }, "nats.credentials_kept_old");
    }
    return good(nonce);
  };
};
