import { resolve } from "node:path";
import { type Exit, spawnTracked, type TrackedChild } from "./child-process.ts";
import { eventually } from "../eventually.ts";
import { collectOutput, type LogLine, type ProcessOutput } from "./output-lines.ts";
import { packedEntry } from "./packed-services.ts";
import { type MetricsSnapshot, parseMetrics } from "./prometheus-text.ts";
import { residentBytes } from "./resident-memory.ts";

export interface ServiceOptions {
  /** The entry file, relative to the repository's root; a service's own runs packed, unless `nodeArgs` are given. */
  readonly entry: string;
  /** All settings; of the test's own environment only PATH, HOME and NODE_COMPILE_CACHE are passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Those of the program itself. */
  readonly args?: readonly string[];
}

export interface StartOptions extends ServiceOptions {
  /** The `msg` of the log line that says that the service is ready. */
  readonly readyWhen?: string;
  readonly timeoutMs?: number;
}

type LogMatch = string | ((line: LogLine) => boolean);

interface AdminAnswer {
  readonly status: number;
  readonly text: string;
}

export interface ServiceProcess {
  readonly pid: number;
  /** What it has logged so far, parsed. */
  readonly logs: readonly LogLine[];
  readonly output: ProcessOutput;
  readonly exited: Promise<Exit>;
  /**
   * The first line with this `msg`, or that the predicate accepts, logged already or yet to come;
   * `from` skips that many lines. Fails at once when the process ends without it.
   */
  waitForLog(
    match: LogMatch,
    options?: { readonly timeoutMs?: number; readonly from?: number },
  ): Promise<LogLine>;
  /** Addresses from the line `listening`; throws before that line. */
  adminUrl(path?: string): string;
  httpUrl(path?: string): string;
  /** Asks the admin port. */
  get(path: string): Promise<AdminAnswer>;
  metrics(): Promise<MetricsSnapshot>;
  rssBytes(): Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when it has not ended after 40 s. */
  stop(): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<Exit>;
}

const REPOSITORY_ROOT = resolve(import.meta.dirname, "../../..");
const STOP_TIMEOUT_MS = 40_000;
const DEFAULT_ENV = {
  HTTP_HOST: "127.0.0.1",
  HTTP_PORT: "0",
  ADMIN_HOST: "127.0.0.1",
  ADMIN_PORT: "0",
  // Both services refuse to start without keys, or this; a keys file goes before it.
  ALLOW_PLAINTEXT_HEADERS: "true",
};

/** Starts a service as a real process and waits until it is ready; its output is in the failure. */
export async function startService(options: StartOptions): Promise<ServiceProcess> {
  const service = await spawnService(options);
  try {
    const { readyWhen = "listening", timeoutMs = 60_000 } = options;
    await service.waitForLog(readyWhen, { timeoutMs });
    return service;
  } catch (error) {
    await service.kill();
    throw error;
  }
}

/** Starts a service and waits for nothing: for those that are to refuse their settings. */
export async function spawnService({
  entry,
  env = {},
  nodeArgs = [],
  args = [],
}: ServiceOptions): Promise<ServiceProcess> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const tracked = await spawnTracked(
    process.execPath,
    [
      ...nodeArgs,
      nodeArgs.length === 0 ? packedEntry(entry) : resolve(REPOSITORY_ROOT, entry),
      ...args,
    ],
    {
      cwd: REPOSITORY_ROOT,
      env: { PATH, HOME, NODE_COMPILE_CACHE, ...DEFAULT_ENV, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const { stdout, stderr, pid } = tracked.child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error("no pipes");
  return handleOf(entry, pid, tracked, collectOutput(stdout, stderr));
}

function handleOf(
  entry: string,
  pid: number,
  tracked: TrackedChild,
  output: ProcessOutput,
): ServiceProcess {
  const url = (field: "admin" | "http", path: string): string =>
    `${addressLogged(entry, output.logs, field)}${path}`;
  const get = (path: string): Promise<AdminAnswer> => fetchText(url("admin", path));
  return {
    pid,
    logs: output.logs,
    output,
    exited: tracked.exited,
    waitForLog: (match, options) => waitForLog(entry, tracked, output, match, options),
    adminUrl: (path = "") => url("admin", path),
    httpUrl: (path = "") => url("http", path),
    get,
    metrics: async () => parseMetrics((await get("/metrics")).text),
    rssBytes: () => residentBytes(pid),
    signal: (signal) => {
      tracked.child.kill(signal);
    },
    stop: () => stop(tracked),
    kill: () => tracked.kill(),
  };
}

async function waitForLog(
  entry: string,
  tracked: TrackedChild,
  output: ProcessOutput,
  match: LogMatch,
  { timeoutMs = 30_000, from = 0 }: { readonly timeoutMs?: number; readonly from?: number } = {},
): Promise<LogLine> {
  const matches = typeof match === "string" ? (line: LogLine) => line["msg"] === match : match;
  const wanted = typeof match === "string" ? `'${match}'` : "a log line that matches";
  try {
    return await eventually(() => output.logs.slice(from).find(matches) ?? null, {
      what: `${entry} logs ${wanted}`,
      timeoutMs,
      intervalMs: 10,
      giveUpWhen: () => endedWithout(tracked, output.logs.slice(from).some(matches)),
    });
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${output.all()}`, { cause });
  }
}

function endedWithout(tracked: TrackedChild, isLogged: boolean): string | null {
  const exit = tracked.exit();
  if (exit === null || isLogged) return null;
  return `the process ended with ${exit.signal ?? `code ${exit.code}`}`;
}

function addressLogged(entry: string, logs: readonly LogLine[], field: "admin" | "http"): string {
  const address = logs.find((line) => line["msg"] === "listening")?.[field];
  if (typeof address === "string") return address;
  throw new Error(`${entry}: no '${field}' address in a log line 'listening' yet`);
}

async function fetchText(url: string): Promise<AdminAnswer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, text: await response.text() };
}

async function stop(tracked: TrackedChild): Promise<Exit> {
  const timer = setTimeout(() => tracked.child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  try {
    return await tracked.kill("SIGTERM");
  } finally {
    clearTimeout(timer);
  }
}
