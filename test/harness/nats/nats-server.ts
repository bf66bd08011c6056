import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { spawnTracked, type TrackedChild } from "../process/child-process.ts";
import { eventually } from "../eventually.ts";
import { makeTempDir } from "../temp-dir.ts";

export interface NatsServerOptions {
  readonly maxPayloadBytes?: number;
  /** A fixed port; without it the system gives one. */
  readonly port?: number;
  /** A store to start on, left in place by `stop()`; without it a new one. */
  readonly storeDir?: string;
  /** Further top-level lines of the server's configuration file. */
  readonly extraConfig?: string;
  /** Another server program than the one that set-up provides, such as an old one. */
  readonly binary?: string;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  /** The process id now; another one after `restart()`. */
  readonly pid: number;
  /** Ends the process and keeps port and store for `restart()`. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts again on the same port and store, after killing what still runs. */
  restart(): Promise<void>;
  /** Kills the process and removes its store. */
  stop(): Promise<void>;
}

interface RunningServer {
  readonly process: TrackedChild;
  readonly port: number;
}

const START_TIMEOUT_MS = 60_000;

/** Starts a real nats-server with JetStream on 127.0.0.1; resolves once JetStream answers. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const binary = options.binary ?? (await ensureNatsServer());
  const storeDir = options.storeDir ?? (await makeTempDir("nats-store"));
  const configFile = join(await makeTempDir("nats-config"), "nats-server.conf");
  await writeFile(configFile, configText(options, storeDir));
  let running = await runServer(binary, configFile, options.port ?? -1);
  const { port } = running;
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return running.process.child.pid ?? -1;
    },
    async kill(signal = "SIGKILL") {
      await running.process.kill(signal);
    },
    async restart() {
      await running.process.kill();
      running = await runServerOnFreedPort(binary, configFile, port);
    },
    async stop() {
      await running.process.kill();
      if (options.storeDir === undefined) await rm(storeDir, { recursive: true, force: true });
    },
  };
}

function configText(options: NatsServerOptions, storeDir: string): string {
  const lines = ["host: 127.0.0.1", `jetstream { store_dir: ${JSON.stringify(storeDir)} }`];
  if (options.maxPayloadBytes !== undefined) lines.push(`max_payload: ${options.maxPayloadBytes}`);
  if (options.extraConfig !== undefined) lines.push(options.extraConfig);
  return `${lines.join("\n")}\n`;
}

/** Runs the program until JetStream answers; port -1 lets the system choose. */
async function runServer(
  binary: string,
  configFile: string,
  wantedPort: number,
): Promise<RunningServer> {
  const process = await spawnTracked(binary, ["-c", configFile, "-p", String(wantedPort)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  process.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  try {
    const port = await eventually(() => portInLog(log), {
      what: "nats-server listens",
      intervalMs: 5,
      timeoutMs: START_TIMEOUT_MS,
      giveUpWhen: () => (process.exit() === null ? null : "it ended"),
    });
    await jetStreamAnswers(`127.0.0.1:${port}`);
    return { process, port };
  } catch (cause) {
    await process.kill();
    throw new Error(`${binary}: did not start\n${log}`, { cause });
  }
}

/**
 * Other processes of the machine may hold the port for a moment after it was freed: a client that
 * connects to a dead port of the ephemeral range can even connect to itself.
 */
function runServerOnFreedPort(
  binary: string,
  configFile: string,
  port: number,
): Promise<RunningServer> {
  return eventually(() => runServer(binary, configFile, port), {
    what: `nats-server runs again on port ${port}`,
    timeoutMs: START_TIMEOUT_MS,
  });
}

function portInLog(log: string): number | null {
  const listening = /Listening for client connections on \S+:(\d+)/.exec(log);
  return listening === null || !log.includes("Server is ready") ? null : Number(listening[1]);
}

/** Waits until JetStream answers by this server; in a cluster, until it has a leader. */
export async function jetStreamAnswers(server: string): Promise<void> {
  const nc = await connect({ servers: server, reconnect: false });
  try {
    await eventually(async () => Boolean(await jetstreamManager(nc)), {
      what: "JetStream answers",
      timeoutMs: START_TIMEOUT_MS,
    });
  } finally {
    await nc.close();
  }
}
