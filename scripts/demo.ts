import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureHeaderKeys } from "./local/header-keys.ts";
import { ensureApiKey } from "./local/api-key.ts";
import { registerAgent, subscribe } from "./demo/api.ts";
import { AGENT_DISPLAY_NAME, byHand, UP_ADDRESSES } from "./local/by-hand.ts";
import { problemsOf } from "./demo/checks.ts";
import { readSampleEvents, sharedAddress } from "./demo/events.ts";
import { metricProblems, shownMetrics } from "./demo/metrics.ts";
import { connectDemoNats } from "./demo/nats.ts";
import { plannedStatus, RETRY_DELAYS_MS } from "./demo/plan.ts";
import { shown } from "./local/process.ts";
import { startReceiver, type ReceivedRequest } from "./local/receiver.ts";
import { attemptTable } from "./demo/report.ts";
import { runEvents, settledMetrics } from "./demo/run.ts";
import { explain, Interrupted, interruptions, withDeadline } from "./local/wait.ts";
import { startLocalStack, type LocalStack } from "./local/stack.ts";
import { ensureNatsServer } from "./nats-server.ts";

const LOG_DIR = join(import.meta.dirname, "../.run/demo");
const FREE_PORTS = { nats: 0, http: 0, subscriptionsAdmin: 0, dispatcherAdmin: 0 };

// The first run may have to fetch a nats-server over a slow line.
const NATS_SERVER_MS = 10 * 60_000;
const STOP_MS = 10_000;

const startedMs = performance.now();

const say = (text: string): void => {
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${seconds.toFixed(1).padStart(5)} s  ${text}`);
};

/** The main job from end to end; returns what went otherwise than planned, one sentence each. */
const demo = async (signal: AbortSignal): Promise<readonly string[]> => {
  await using cleanup = new AsyncDisposableStack();
  const samples = await readSampleEvents();
  const { workspaceId, agentId } = sharedAddress(samples);
  const directory = await mkdtemp(join(tmpdir(), "ringback-demo-"));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));

  const { key, keysFile } = await ensureApiKey(directory, workspaceId);
  const stack = cleanup.use(await startStack(directory, keysFile, signal));
  const requests: ReceivedRequest[] = [];
  const onRequest = (request: ReceivedRequest) => void requests.push(request);
  const receiver = await startReceiver({ port: 0, statusFor: plannedStatus, onRequest });
  cleanup.use(receiver);
  say(`a customer's endpoint listens on ${receiver.url}`);

  const api = { url: stack.apiUrl, key, signal };
  await registerAgent(api, agentId, AGENT_DISPLAY_NAME);
  await subscribe(api, agentId, receiver.url);
  say(`agent ${agentId} is registered and subscribed to ${samples.length} event types`);

  const nats = cleanup.use(await connectDemoNats(stack.natsUrl));
  const { dispatcherAdminUrl, broken } = stack;
  const running = runEvents(samples, { nats, dispatcherAdminUrl, say, signal });
  const result = await Promise.race([running, broken]);
  const metrics = await settledMetrics(dispatcherAdminUrl);
  console.log(`\n${attemptTable(result.attempts)}\n\n${shownMetrics(metrics).join("\n")}\n`);

  say("stopping the services and nats-server");
  return [
    ...result.problems,
    ...problemsOf(samples, { ...result, requests }),
    ...metricProblems(metrics),
    ...(await stack.stop()),
  ];
};

const startStack = async (
  directory: string,
  apiKeysFile: string,
  signal: AbortSignal,
): Promise<LocalStack> => {
  const search = ensureNatsServer();
  const natsServer = await withDeadline(search, NATS_SERVER_MS, "getting nats-server", signal);
  const { PATH, HOME } = process.env;
  const RETRY_DELAYS = RETRY_DELAYS_MS.map((delayMs) => `${delayMs}ms`).join(",");
  return startLocalStack({
    natsServer,
    storeDir: join(directory, "nats"),
    logDir: LOG_DIR,
    apiKeysFile,
    headerKeysFile: await ensureHeaderKeys(join(directory, "header-keys.json")),
    ports: FREE_PORTS,
    // Nothing else of the shell's environment: a setting there must not change what is shown here.
    env: { PATH, HOME, RETRY_DELAYS, DELIVERY_TIMEOUT: "5s" },
    stopGraceMs: STOP_MS,
    onStarted: (name, address, log) => say(`${name} runs on ${address} (log: ${shown(log)})`),
    signal,
  });
};

const printWaysOn = async (): Promise<void> => {
  const commands = byHand(await readSampleEvents(), UP_ADDRESSES);
  console.log(
    `\nTo go on by hand, run \`make up\` and, in another terminal in the same directory:\n\n${commands}\n`,
  );
};

const signal = interruptions();
try {
  const problems = await demo(signal);
  if (problems.length > 0) {
    throw new Error(`not as planned:\n${problems.map((text) => `  - ${text}`).join("\n")}`);
  }
  say("everything went as planned: every attempt, header and byte");
  await printWaysOn();
  process.exit(0);
} catch (error) {
  console.error(`\ndemo: ${explain(error)}`);
  process.exit(error instanceof Interrupted ? error.exitCode : 1);
}
