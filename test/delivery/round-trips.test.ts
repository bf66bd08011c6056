import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { drained } from "../system/outage/drained.ts";
import { type ClientMessage, type NatsProxy, startNatsProxy } from "./nats-proxy.ts";

failOnLeaks();

const EVENTS = 80;

let platform: Platform;
let proxy: NatsProxy;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform({ dispatchers: 0 }), startReceiver()]);
  proxy = await startNatsProxy(platform.server);
  platform.dispatchers.push(await platform.startDispatcher({ NATS_URL: proxy.url }));
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await platform.stop();
  await Promise.all([proxy.stop(), receiver.stop()]);
});

/** Pulling, and what is looked at or said every few seconds, is not done per delivery. */
const isBackground = ({ subject }: ClientMessage): boolean =>
  /^(\$JS\.API\.(CONSUMER\.(MSG\.NEXT|INFO|CREATE)|STREAM\.INFO|DIRECT\.GET)|dispatchers\.alive|leases)\./.test(
    subject,
  );

test("a delivered first attempt costs one round trip: its record, before the acknowledgement", async () => {
  await deliverAll("warm-up");
  const from = proxy.messages.length;
  await deliverAll("counted");
  const sent = proxy.messages.slice(from).filter((message) => !isBackground(message));
  const acks = sent.filter(({ subject }) => subject.startsWith("$JS.ACK.EVENTS."));
  const records = sent.filter(({ subject }) => subject.startsWith("attempts.w1.counted-"));
  expect(records).toHaveLength(EVENTS);
  expect(records.every(({ asksForAnswer }) => asksForAnswer)).toBe(true);
  expect(acks).toHaveLength(EVENTS);
  expect(acks.every(({ asksForAnswer }) => !asksForAnswer)).toBe(true);
  // Nothing is read, scheduled or looked up for a delivery that succeeds.
  expect(sent.filter((message) => !acks.includes(message) && !records.includes(message))).toEqual(
    [],
  );
  // No acknowledgement leaves before its record was sent.
  let open = 0;
  for (const { subject } of sent) {
    open += subject.startsWith("attempts.") ? 1 : -1;
    expect(open).toBeGreaterThanOrEqual(0);
  }
});

async function deliverAll(name: string): Promise<void> {
  const calls = Array.from({ length: EVENTS }, (_, n) => `${name}-${n}`);
  const before = receiver.requests.length;
  await Promise.all(calls.map((callId) => platform.publish({ callId })));
  await receiver.received(before + EVENTS);
  await drained(platform.client);
}
