import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

/** More than are begun before the dispatcher is stopped: the others lie in its memory and its socket. */
const EVENTS = 300;
const AGENTS = 5;
const BEGUN = 20;

let platform: Platform;
let receiver: Receiver;
let frozenAtMs: number;
let wokenAtMs: number;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { ENDPOINT_MAX_IN_FLIGHT: "1024" } }),
    startReceiver(status(200)),
  ]);
  await subscribeAll("before");
  const frozen = platform.dispatchers[0]!;
  const published = publishAll("first");
  await eventually(() => (receiver.requests.length > BEGUN ? true : null), { intervalMs: 1 });
  frozen.signal("SIGSTOP");
  frozenAtMs = Date.now();
  await published;
  await subscribeAll("after");
  platform.dispatchers.push(await platform.startDispatcher());
  await settled(platform.client, { timeoutMs: 40_000 });

  wokenAtMs = Date.now();
  frozen.signal("SIGCONT");
  // It takes up its work again, and all that it had before lies behind it then.
  await platform.dispatchers[1]!.stop();
  platform.dispatchers.pop();
  await publishAll("last");
  await settled(platform.client, { timeoutMs: 40_000 });
}, 150_000);

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const agentOf = (n: number): string => `agent-${n % AGENTS}`;

const subscribeAll = async (path: string): Promise<void> => {
  const url = receiver.url(`/${path}`);
  const subscription = { event_type: "call_completed", callback_url: url } as const;
  const agents = Array.from({ length: AGENTS }, (_, n) => agentOf(n));
  await Promise.all(agents.map((agentId) => platform.subscribe([subscription], { agentId })));
};

const publishAll = async (round: string): Promise<void> => {
  const calls = Array.from({ length: EVENTS }, (_, n) => n);
  await Promise.all(
    calls.map((n) => platform.publish({ callId: `${round}-${n}`, agentId: agentOf(n) })),
  );
};

const requestsFor = (round: string) =>
  receiver.requests.filter(({ body }) => body.toString().includes(`"${round}-`));

test("a dispatcher that wakes sends nothing that another has sent meanwhile", () => {
  expect(requestsFor("first").length).toBeGreaterThanOrEqual(EVENTS);
  expect(requestsFor("first").filter(({ atMs }) => atMs >= wokenAtMs)).toHaveLength(0);
});

test("nothing goes to an address that was replaced while the dispatcher stood still", () => {
  const toBefore = receiver.requestsTo("/before").filter(({ atMs }) => atMs > frozenAtMs + 2_000);
  expect(toBefore).toHaveLength(0);
});

test("a dispatcher that has woken goes on, and sends each event once to where it belongs now", () => {
  expect(requestsFor("last").map(({ path }) => path)).toEqual(Array(EVENTS).fill("/after"));
});
