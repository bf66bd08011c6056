import { afterAll, beforeAll, expect, it } from "vitest";
import { status } from "../harness/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/leaks.ts";
import { startPlatform, type Platform } from "../harness/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver.ts";
import { settled } from "./settled.ts";

failOnLeaks();

/** Twice as many are fewer than one pull asks for: they lie in the socket of the dispatcher that was stopped. */
const EVENTS = 100;
const AGENTS = 5;

let platform: Platform;
let receiver: Receiver;
let wokenAtMs: number;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver(status(200))]);
  await subscribeAll("before");
  const frozen = platform.dispatchers[0]!;
  await publishAll("first"); // its view is complete, its pulls are under way
  await eventually(() => expect(receiver.requestsTo("/before")).toHaveLength(EVENTS));
  await settled(platform.client, { timeoutMs: 20_000 });

  frozen.signal("SIGSTOP");
  await publishAll("later");
  await eventually(async () => {
    const { num_ack_pending } = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
    expect(num_ack_pending).toBe(EVENTS);
  });
  await subscribeAll("after");
  platform.dispatchers.push(await platform.startDispatcher());
  await eventually(() => expect(receiver.requestsTo("/after")).toHaveLength(EVENTS), {
    timeoutMs: 40_000,
  });
  await settled(platform.client, { timeoutMs: 20_000 });

  wokenAtMs = Date.now();
  frozen.signal("SIGCONT");
  // It has taken up its work again, and all that it had before lies behind it.
  await platform.dispatchers[1]!.stop();
  platform.dispatchers.pop();
  await publishAll("last");
  await eventually(() => expect(requestsFor("last")).toHaveLength(EVENTS), { timeoutMs: 20_000 });
}, 120_000);

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const agentOf = (n: number): string => `agent-${n % AGENTS}`;

const subscribeAll = async (path: string): Promise<void> => {
  const subscription = {
    event_type: "call_completed",
    callback_url: receiver.url(`/${path}`),
  } as const;
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

it("nothing that another has sent meanwhile is sent again by a dispatcher that wakes", () => {
  expect(requestsFor("later")).toHaveLength(EVENTS);
  expect(requestsFor("later").filter(({ atMs }) => atMs >= wokenAtMs)).toEqual([]);
});

it("nothing goes to an address that was replaced while the dispatcher stood still", () => {
  expect(receiver.requestsTo("/before")).toHaveLength(EVENTS);
});

it("a dispatcher that has woken goes on, and sends each event once to where it belongs now", () => {
  expect(receiver.requestsTo("/after").length).toBe(2 * EVENTS);
});
