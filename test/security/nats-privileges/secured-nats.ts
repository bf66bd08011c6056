import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { spawnTracked, type TrackedChild } from "../../harness/process/child-process.ts";
import { eventually } from "../../harness/eventually.ts";
import { trackOpen } from "../../harness/process/open-resources.ts";
import { makeTempDir, writeTempFile } from "../../harness/temp-dir.ts";
import { makeTestCa, writeCaFile } from "../../harness/receiver/tls.ts";

/** Every stream, by name and not from the code: what users may do is about these. */
export const STREAMS = [
  "SUBSCRIPTIONS",
  "EVENTS",
  "RETRIES",
  "ATTEMPTS",
  "DEAD_LETTERS",
  "REQUESTS",
  "LEASES",
  "OPERATIONS",
  "REDELIVERIES",
  "ACCESS",
  "AUDIT",
];

/** The configuration that is shipped: what is tested is this file and no copy of it. */
export const CONFIG_FILE = resolve(import.meta.dirname, "../../../deploy/nats/nats-server.conf");

export const ROLES = ["subscriptions", "dispatcher", "producer", "monitor", "backup"] as const;
export type Role = (typeof ROLES)[number];

export interface SecuredNats {
  readonly port: number;
  /** What the server reads of its certificate and key, and what clients check it against. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  /** What a service of this role is told about NATS. */
  env(role: Role): Record<string, string>;
  /** A connection of a role, as a client of its own would make it; close it. */
  connectAs(role: Role, overrides?: object): Promise<NatsConnection>;
  /** Everything that the server has logged, with a line for each protocol message. */
  log(): string;
  /** Lets an operator work on the streams, on a server without roles, while the services wait. */
  asOperator(work: (jsm: JetStreamManager) => Promise<void>): Promise<void>;
  /** Has the server read its configuration, certificate and key again (SIGHUP), as an operator does. */
  reload(): Promise<void>;
  /** Ends the server and starts it again on the same port and store. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Running {
  readonly process: TrackedChild;
  readonly port: number;
  log(): string;
}

/**
 * A real nats-server under deploy/nats/nats-server.conf, with a certificate and passwords of its own. Another
 * file is for procedures that change it.
 */
export async function startSecuredNats(configFile = CONFIG_FILE): Promise<SecuredNats> {
  const ca = await makeTestCa();
  const caFile = await writeCaFile(ca);
  const { certPem, keyPem } = await ca.issue({ hostname: "localhost" });
  const storeDir = await makeTempDir("nats-store");
  const passwords = new Map(ROLES.map((role) => [role, `p-${randomBytes(16).toString("hex")}`]));
  const files = {
    cert: await writeTempFile("server.pem", certPem),
    key: await writeTempFile("server-key.pem", keyPem),
    ca: caFile,
  };
  const serverEnv = {
    NATS_STORE_DIR: storeDir,
    NATS_TLS_CERT: files.cert,
    NATS_TLS_KEY: files.key,
    ...Object.fromEntries(
      [...passwords].map(([role, password]) => [`NATS_PASSWORD_${role.toUpperCase()}`, password]),
    ),
  };
  const run = (port: number): Promise<Running> => runServer(configFile, port, serverEnv, ["-DV"]);
  let running = await run(-1);
  const { port } = running;
  let before = "";
  const end = async (): Promise<void> => {
    await running.process.kill("SIGTERM");
    before += running.log();
  };
  return {
    port,
    files,
    env: (role) => ({
      NATS_URL: `tls://${role}:${passwords.get(role)}@localhost:${port}`,
      NATS_TLS_CA_FILE: caFile,
      NATS_INBOX_PREFIX: `_INBOX_${role}`,
    }),
    connectAs: (role, overrides = {}) =>
      connectTracked({
        servers: `localhost:${port}`,
        user: role,
        pass: passwords.get(role) ?? "",
        inboxPrefix: `_INBOX_${role}`,
        tls: { ca: ca.caPem },
        name: `test-${role}`,
        reconnect: false,
        ...overrides,
      }),
    log: () => before + running.log(),
    async asOperator(work) {
      await end();
      await operate(storeDir, work);
      running = await run(port);
    },
    async reload() {
      const from = running.log().length;
      running.process.child.kill("SIGHUP");
      await eventually(() => /Reloaded server configuration/.test(running.log().slice(from)), {
        what: "the server has read its configuration again",
      });
    },
    async restart() {
      await end();
      running = await run(port);
    },
    async stop() {
      await running.process.kill();
    },
  };
}

async function connectTracked(options: Parameters<typeof connect>[0]): Promise<NatsConnection> {
  const nc = await connect(options);
  const closed = trackOpen("NATS connection of a role", () => nc.close());
  void nc.closed().then(closed);
  return nc;
}

/** On another port, so that no service meets this server. */
async function operate(
  storeDir: string,
  work: (jsm: JetStreamManager) => Promise<void>,
): Promise<void> {
  const text = `jetstream { store_dir: ${JSON.stringify(storeDir)} }
accounts { RINGBACK { jetstream: enabled, users: [ { user: operator, password: operator } ] } }`;
  const server = await runServer(await writeTempFile("operator.conf", text), -1, {}, []);
  const nc = await connectTracked({
    servers: `127.0.0.1:${server.port}`,
    user: "operator",
    pass: "operator",
  });
  try {
    await work(await jetstreamManager(nc));
  } finally {
    await nc.close();
    await server.process.kill("SIGTERM");
  }
}

async function runServer(
  configFile: string,
  port: number,
  env: Readonly<Record<string, string>>,
  more: readonly string[],
): Promise<Running> {
  const args = ["-c", configFile, "-a", "127.0.0.1", "-p", String(port), ...more];
  const process = await spawnTracked(await ensureNatsServer(), args, {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  process.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const listening = (): number | null => {
    const found = /Listening for client connections on \S+:(\d+)/.exec(log);
    return found === null || !log.includes("Server is ready") ? null : Number(found[1]);
  };
  try {
    const what = "nats-server listens";
    const giveUpWhen = () => (process.exit() === null ? null : `it ended:\n${log}`);
    const found = await eventually(listening, { what, giveUpWhen, intervalMs: 5 });
    return { process, port: found, log: () => log };
  } catch (error) {
    await process.kill();
    throw error;
  }
}
