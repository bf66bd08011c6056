import { spawnSync } from "node:child_process";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { ensureNatsServer } from "../../scripts/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import { startPlainNatsServer } from "../system/start/plain-nats-server.ts";

failOnLeaks();

/** bcrypt of `pw`, without its first four characters, which say who made it. */
const HASH = "05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q";
const VARIABLE = "NATS_PASSWORD_DISPATCHER";

/** As deploy/nats/nats-server.conf names a role's hash. */
const configuration = () =>
  writeTempFile(
    "nats.conf",
    `accounts { A { users: [ { user: dispatcher, password: $${VARIABLE} } ] } }`,
  );

test.each(["$2y$", "$2b$"])(
  "a hash that begins with %s keeps the server from starting, as the README says",
  async (prefix) => {
    const env = { ...process.env, [VARIABLE]: `${prefix}${HASH}` };
    const args = ["-t", "-c", await configuration()];
    const { status, stderr } = spawnSync(await ensureNatsServer(), args, { encoding: "utf8", env });
    expect(status).toBe(1);
    expect(stderr).toContain(`variable reference for '${prefix.slice(1)}${HASH}'`);
  },
);

test.each(["$2a$05", '"$2y$05', '"$2b$05'])("the same hash written as %s… works", async (begin) => {
  const quote = begin.startsWith('"') ? '"' : "";
  process.env[VARIABLE] = `${begin.slice(0, -2)}${HASH}${quote}`;
  const server = await startPlainNatsServer(["-c", await configuration()]);
  delete process.env[VARIABLE];
  const connection = await connect({ servers: server.url, user: "dispatcher", pass: "pw" });
  await connection.close();
  const wrong = connect({ servers: server.url, user: "dispatcher", pass: "other" });
  await expect(wrong).rejects.toThrow(/authorization/i);
  await server.stop();
});
