import { join } from "node:path";
import { ensureApiKey } from "./local/api-key.ts";
import { ensureHeaderKeys } from "./local/header-keys.ts";
import { byHand } from "./local/by-hand.ts";
import { readSampleEvents, sharedAddress } from "./demo/events.ts";
import { portsOf, requireFreePorts, type UpPorts } from "./local/ports.ts";
import { shown } from "./local/process.ts";
import { startReceiver, statusInPath, type ReceivedRequest } from "./local/receiver.ts";
import { explain, Interrupted, interruptions, withDeadline } from "./local/wait.ts";
import { writeShellEnv } from "./local/shell-env.ts";
import { startLocalStack, type LocalStack } from "./local/stack.ts";
import { ensureNatsServer } from "./nats-server.ts";

// What is kept between runs: the store, the API key, the keys of header values, logs.
const RUN_DIR = process.env["RUN_DIR"] ?? join(import.meta.dirname, "../.run");

// The first run may have to fetch a nats-server over a slow line.
const NATS_SERVER_MS = 10 * 60_000;

// A request that is under way may take the dispatcher's whole deadline.
const STOP_MS = 40_000;

/** NATS, both services and a receiver, until `signal`; returns what went wrong when stopping. */
const up = async (signal: AbortSignal): Promise<readonly string[]> => {
  await using cleanup = new AsyncDisposableStack();
  const ports = portsOf(process.env);
  await requireFreePorts(ports);
  printIgnored(process.env);
  const samples = await readSampleEvents();
  const { key, keysFile } = await ensureApiKey(RUN_DIR, sharedAddress(samples).workspaceId);
  const stack = cleanup.use(await startStack(ports, keysFile, signal));
  const receiver = cleanup.use(
    await startReceiver({ port: ports.receiver, statusFor: statusInPath, onRequest: printRequest }),
  );
  console.log(`receiver on ${receiver.url}: answers 200, or 503 to a path that ends in /503, …`);
  console.log(`API key of workspace ${sharedAddress(samples).workspaceId}: ${key}`);
  console.log(`Console, signed in: ${stack.apiUrl}/console/#key=${key}\n`);
  const addresses = { ...stack, receiverUrl: receiver.url };
  const shellEnv = await writeShellEnv(RUN_DIR, addresses, key);
  console.log(`In another terminal:\n\n${byHand(samples, addresses, shown(shellEnv))}`);
  console.log("\nRunning until Ctrl-C. What the receiver gets is printed here:\n");
  await untilAborted(signal, stack.broken);
  console.log("\nstopping; what is under way is finished first (Ctrl-C again: at once)");
  return stack.stop();
};

const startStack = async (
  ports: UpPorts,
  apiKeysFile: string,
  signal: AbortSignal,
): Promise<LocalStack> => {
  const search = ensureNatsServer();
  const natsServer = await withDeadline(search, NATS_SERVER_MS, "getting nats-server", signal);
  // A store for each port: two servers must never write to the same one.
  const storeDir = join(RUN_DIR, "nats", String(ports.nats));
  return startLocalStack({
    natsServer,
    storeDir,
    logDir: RUN_DIR,
    apiKeysFile,
    // The store keeps what the keys have sealed, so that they are kept beside it.
    headerKeysFile: await ensureHeaderKeys(headerKeysPath(process.env)),
    ports,
    env: settingsOf(process.env),
    stopGraceMs: STOP_MS,
    onStarted: (name, address, log) => console.log(`${name} on ${address} (log: ${shown(log)})`),
    signal,
  });
};

const headerKeysPath = ({ HEADER_ENCRYPTION_KEYS_FILE: given = "" }: NodeJS.ProcessEnv): string =>
  given === "" ? join(RUN_DIR, "header-keys.json") : given;

// What `make up` has of its own: a NATS without users or TLS, and a file of keys.
const isOwn = (name: string): boolean => name.startsWith("NATS_") || name === "API_KEYS_FILE";

// Of those, what is about the nats-server that it runs.
const OF_THE_SERVER = ["NATS_PORT", "NATS_SERVER"];

/** The services' settings as the shell has them; an agent is registered by its first subscription. */
const settingsOf = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const given = Object.entries(env).filter(([name]) => !isOwn(name));
  return { AGENT_REGISTRATION: "automatic", ...Object.fromEntries(given) };
};

/** Says which settings of the shell have no effect here: what is ignored in silence is looked for elsewhere. */
const printIgnored = (env: NodeJS.ProcessEnv): void => {
  const ignored = Object.keys(env).filter((name) => isOwn(name) && !OF_THE_SERVER.includes(name));
  if (ignored.length === 0) return;
  console.log(`not used, as make up runs a NATS and has keys of its own: ${ignored.join(", ")}`);
};

const printRequest = ({ method, path, headers, body, status }: ReceivedRequest): void => {
  const time = new Date().toTimeString().slice(0, 8);
  const what = `${String(headers["ringback-event-type"])}, attempt ${String(headers["ringback-attempt"])}`;
  console.log(`${time}  ${method} ${path}: ${what}, ${body.length} bytes, answered ${status}`);
  console.log(`          ${body.toString("utf8").replaceAll(/\s+/g, " ").slice(0, 120)}…`);
};

const untilAborted = (signal: AbortSignal, broken: Promise<never>): Promise<void> => {
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  return Promise.race([aborted, broken]);
};

try {
  const problems = await up(interruptions());
  for (const problem of problems) console.error(`up: ${problem}`);
  process.exit(problems.length === 0 ? 0 : 1);
} catch (error) {
  console.error(`\nup: ${explain(error)}`);
  process.exit(error instanceof Interrupted ? error.exitCode : 1);
}
