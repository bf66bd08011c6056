import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@ringback/runtime/process/make-folder";
import { indent, startProcess, type LocalProcess } from "./process.ts";

const ROOT = join(import.meta.dirname, "../..");
const LOOPBACK = "127.0.0.1";
const NATS_READY_MS = 20_000;
const SERVICE_READY_MS = 30_000;
const NATS_STOP_MS = 5_000;

export type StackOptions = {
  /** Absolute path of the nats-server to run. */
  readonly natsServer: string;
  readonly storeDir: string;
  readonly logDir: string;
  readonly apiKeysFile: string;
  readonly headerKeysFile: string;
  /** 0: any free one. */
  readonly ports: {
    readonly nats: number;
    readonly http: number;
    readonly subscriptionsAdmin: number;
    readonly dispatcherAdmin: number;
  };
  /** The environment of both services: it rules over what this stack sets by default. */
  readonly env: NodeJS.ProcessEnv;
  /** How long a service may take to stop before it is killed. */
  readonly stopGraceMs: number;
  /** Told about each process that is up. */
  readonly onStarted?: (name: string, address: string, logFile: string) => void;
  readonly signal?: AbortSignal;
};

export type LocalStack = AsyncDisposable & {
  readonly natsUrl: string;
  readonly apiUrl: string;
  readonly subscriptionsAdminUrl: string;
  readonly dispatcherAdminUrl: string;
  /** Rejects when a process ends without being asked to; settles in no other way. */
  readonly broken: Promise<never>;
  /** Stops everything, the services before NATS; returns what was not as it should be. */
  readonly stop: () => Promise<readonly string[]>;
};

/**
 * NATS and both services as processes of their own on loopback, as they run in production but for
 * plain http to private addresses. When one does not start, the others are stopped again.
 */
export const startLocalStack = async (options: StackOptions): Promise<LocalStack> => {
  const running: Array<{ process: LocalProcess<unknown>; graceMs: number }> = [];
  const started = <T>(process: LocalProcess<T>, address: string, graceMs: number): T => {
    running.push({ process, graceMs });
    options.onStarted?.(process.name, address, process.logFile);
    return process.ready;
  };
  const stopping = new AbortController();
  const stop = once(async () => {
    stopping.abort();
    const problems: string[] = [];
    for (const { process, graceMs } of running.toReversed()) {
      const problem = await process.stop(graceMs);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  });
  try {
    const nats = await startNats(options);
    const natsUrl = started(nats, nats.ready, NATS_STOP_MS);
    const subscriptions = await startSubscriptions(options, natsUrl);
    const api = started(subscriptions, subscriptions.ready.http, options.stopGraceMs);
    const dispatcher = await startDispatcher(options, natsUrl);
    const { admin } = started(dispatcher, dispatcher.ready.admin, options.stopGraceMs);
    return {
      natsUrl,
      apiUrl: api.http,
      subscriptionsAdminUrl: api.admin,
      dispatcherAdminUrl: admin,
      broken: firstToEnd(
        running.map(({ process }) => process),
        stopping.signal,
      ),
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

const once = <T>(action: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined;
  return () => (result ??= action());
};

const startNats = async ({ natsServer, storeDir, logDir, ports, signal }: StackOptions) => {
  makeFolder(storeDir);
  const config = join(storeDir, "nats-server.conf");
  await writeFile(config, natsConfig(storeDir));
  return startProcess({
    name: "nats-server",
    command: natsServer,
    args: [
      `--config=${config}`,
      `--addr=${LOOPBACK}`,
      // nats-server takes any free port for -1, and its own default for 0.
      `--port=${ports.nats === 0 ? -1 : ports.nats}`,
    ],
    env: process.env,
    logFile: join(logDir, "nats-server.log"),
    readyFrom: (line) => {
      const match = /Listening for client connections on (\S+)/.exec(line);
      return match === null ? undefined : `nats://${match[1]}`;
    },
    readyTimeoutMs: NATS_READY_MS,
    signal,
  });
};

/** By default a server writes to the disk every two minutes: a power cut would take what was acknowledged since. */
export const natsConfig = (storeDir: string): string =>
  `jetstream { store_dir: ${JSON.stringify(storeDir)}, sync_interval: always }\n`;

const startSubscriptions = (options: StackOptions, natsUrl: string) =>
  startService(options, "subscriptions", natsUrl, options.ports.subscriptionsAdmin, {
    HTTP_PORT: String(options.ports.http),
    API_KEYS_FILE: options.apiKeysFile,
  });

const startDispatcher = (options: StackOptions, natsUrl: string) =>
  startService(options, "dispatcher", natsUrl, options.ports.dispatcherAdmin, {});

const startService = (
  { logDir, env, headerKeysFile, signal }: StackOptions,
  name: string,
  natsUrl: string,
  adminPort: number,
  settings: Readonly<Record<string, string>>,
) =>
  startProcess({
    name,
    command: process.execPath,
    args: [join(ROOT, "services", name, "src/main.ts")],
    cwd: ROOT,
    env: {
      HTTP_HOST: LOOPBACK,
      ADMIN_HOST: LOOPBACK,
      ALLOW_INSECURE_HTTP: "true",
      ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
      ...env,
      NATS_URL: natsUrl,
      ADMIN_PORT: String(adminPort),
      HEADER_ENCRYPTION_KEYS_FILE: headerKeysFile,
      ...settings,
    },
    logFile: join(logDir, `${name}.log`),
    readyFrom: listeningLine,
    readyTimeoutMs: SERVICE_READY_MS,
    signal,
  });

/** The addresses in a service's log line `listening`; a service without an API has no `http`. */
export const listeningLine = (line: string): { http: string; admin: string } | undefined => {
  if (!line.includes('"listening"')) return undefined;
  try {
    const { msg, http = "", admin = "" } = JSON.parse(line) as Record<string, unknown>;
    return msg === "listening" ? { http: String(http), admin: String(admin) } : undefined;
  } catch {
    return undefined; // Not one of the service's own lines.
  }
};

const firstToEnd = (
  processes: readonly LocalProcess<unknown>[],
  stopping: AbortSignal,
): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined); // Whoever does not wait for it does not want to know.
  const watch = async ({ name, ended, tail }: LocalProcess<unknown>): Promise<void> => {
    const how = await ended;
    if (stopping.aborted) return;
    reject(new Error(`${name} ${how}, unasked; its last lines:\n${indent(tail())}`));
  };
  for (const process of processes) void watch(process);
  return promise;
};
