import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Addresses } from "./by-hand.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Writes `up.env` into `directory`: what another shell needs to talk to this stack, for `. .run/up.env`.
 * `$api`, `$KEY` and `$receiver` are the names that all examples of the documents use. Gives its path.
 */
export const writeShellEnv = async (
  directory: string,
  { apiUrl, natsUrl, receiverUrl }: Addresses,
  key: string,
): Promise<string> => {
  const file = join(directory, "up.env");
  const variables = {
    api: `${apiUrl}/ca/api/v0`,
    KEY: key,
    receiver: receiverUrl,
    RINGBACK_API_URL: apiUrl,
    RINGBACK_API_KEY: key,
    NATS_URL: natsUrl,
  };
  const lines = [
    "# Written by `make up`, for another terminal: . .run/up.env",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    "# Node.js 24 and `ringback` first. npm would look for its global settings beside that Node.js.",
    'export NPM_CONFIG_GLOBALCONFIG="${NPM_CONFIG_GLOBALCONFIG:-$(npm config get globalconfig)}"',
    `export PATH=${quoted(join(ROOT, "node_modules/.bin"))}:"$PATH"`,
  ];
  // A file that is there would keep its permissions.
  await rm(file, { force: true });
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return file;
};

const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
