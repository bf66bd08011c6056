import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const ROUNDS = 25;
const IN_USE_WITHIN_MS = 1_000;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform({ dispatchers: 2 }), startReceiver()]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("the first subscription of an agent is used by an event published right after its 200", async () => {
  for (let n = 0; n < ROUNDS; n += 1) {
    const at = { agentId: `new-${n}` };
    const path = `/new/${n}`;
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url(path) }],
      at,
    );
    await platform.publish({ callId: "c1", ...at });
    expect(await receiver.received(1, { path })).toHaveLength(1);
  }
});

test("a further type of a known agent is used at once, also after an event that nobody wanted", async () => {
  const at = { agentId: "known" };
  const eventType = "recording_completed";
  await platform.subscribe(
    [{ event_type: "call_completed", callback_url: receiver.url("/known") }],
    at,
  );
  for (let n = 0; n < ROUNDS; n += 1) {
    const path = `/known/${n}`;
    await platform.publish({ callId: `unwanted-${n}`, eventType, ...at });
    await platform.subscribe([{ event_type: eventType, callback_url: receiver.url(path) }], at);
    await platform.publish({ callId: `wanted-${n}`, eventType, ...at });
    // The one before may come, too: a dispatcher that took its time found the subscription.
    await eventually(() => {
      const bodies = receiver.requestsTo(path).map(({ body }) => body.toString());
      expect(bodies.join("\n")).toContain(`"wanted-${n}"`);
    });
    await platform.unsubscribe([eventType], at);
  }
});

test("a changed subscription is used by events published from one second after its 200 on", async () => {
  const at = { agentId: "changed" };
  for (let n = 0; n < ROUNDS; n += 1) {
    const path = `/changed/${n}`;
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url(path) }],
      at,
    );
    const answeredAtMs = Date.now();
    let events = 0;
    await eventually(
      async () => {
        events += 1;
        await platform.publish({ callId: `changed-${n}-${events}`, ...at });
        return receiver.requestsTo(path).length > 0;
      },
      { intervalMs: 20, what: `an event reaches ${path}` },
    );
    const [request] = receiver.requestsTo(path);
    expect((request?.atMs ?? Infinity) - answeredAtMs).toBeLessThan(IN_USE_WITHIN_MS);
  }
}, 180_000);

test("the same holds right after nats-server was restarted", async () => {
  const at = { agentId: "restarted" };
  const subscribeTo = (path: string) =>
    platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url(path) }], at);
  await subscribeTo("/restarted/old");
  await platform.server.restart();
  await platform.client.reconnected();
  await eventually(async () => {
    await subscribeTo("/restarted/new");
    return true;
  });
  const answeredAtMs = Date.now();
  let events = 0;
  await eventually(
    async () => {
      events += 1;
      await platform.publish({ callId: `restarted-${events}`, ...at });
      return Date.now() - answeredAtMs > 8_000;
    },
    { intervalMs: 100, timeoutMs: 60_000 },
  );
  const [last] = await receiver.received(1, { path: "/restarted/new" });
  expect(last).toBeDefined();
  const late = receiver
    .requestsTo("/restarted/old")
    .filter(({ headers }) => Number(headers["webhook-timestamp"]) * 1_000 > answeredAtMs + 1_000);
  expect(late.map(({ atMs }) => atMs - answeredAtMs)).toEqual([]);
}, 180_000);
