import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { connectRaw, type RawPublisher } from "./raw-publisher.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let producer: RawPublisher;
let calls = 0;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver()]);
  producer = await connectRaw(platform.server);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  producer.close();
  await Promise.all([platform.stop(), receiver.stop()]);
});

const headers = (...lines: string[]): string => ["NATS/1.0", ...lines, "", ""].join("\r\n");
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `H${n}: v`);

const publish = async (raw: string) => {
  calls += 1;
  const callId = `c${calls}`;
  const body = Buffer.from(JSON.stringify({ event_type: "call_completed", call_id: callId }));
  const { seq } = await producer.publish(`events.w1.${callId}.a1.call_completed`, raw, body);
  return { seq, callId, body };
};

describe("headers over the bound make a dead letter that says so, and the next event is delivered", () => {
  test.each([
    ["65 headers", headers(...many(65)), "there are 65 headers, over the limit of 64"],
    ["9,000 bytes", headers(`H: ${"v".repeat(9_000)}`), /^headers are 90\d\d bytes, over .* 8192$/],
    [
      "6,000 names, about what a server stores",
      headers(...many(6_000)),
      /^headers are \d{5} bytes, over the limit of 8192$/,
    ],
  ])("%s", async (_what, raw, message) => {
    const { seq, body } = await publish(raw);
    const letter = await eventually(
      async () => (await platform.deadLetters()).find(({ event_seq }) => event_seq === seq) ?? null,
    );
    expect(letter).toMatchObject({ reason: "invalid_event", raw: body.toString("base64") });
    expect(letter.message).toMatch(message);
    const next = await platform.publish({ callId: `after-${seq}` });
    expect(await platform.attempted(next, 1)).toMatchObject([{ outcome: { kind: "delivered" } }]);
  });
});

describe("a producer's headers are not read: the event is delivered whatever they say", () => {
  test.each([
    ["64 of them", headers(...many(64))],
    ["a name with a space", headers("not a name: v")],
    ["a name that is not ASCII", headers("n\u00e4me: v")],
    ["no colon", headers("nothing")],
    ["bytes that are not UTF-8", headers("H: \u00ff\u00fe")],
    ["a status as of the server's own messages", "NATS/1.0 404 No Messages\r\n\r\n"],
    ["the end of a pull", "NATS/1.0 409 Consumer Deleted\r\n\r\n"],
    ["no responders", "NATS/1.0 503\r\n\r\n"],
    ["headers of ours", headers("Ringback-Attempt: 4", "Ringback-Held-Since: 1")],
    ["a prototype", headers("__proto__: v", "constructor: v")],
  ])("%s", async (_what, raw) => {
    const { callId, body } = await publish(raw);
    const request = await eventually(
      () => receiver.requests.find((one) => one.body.toString().includes(`"${callId}"`)) ?? null,
    );
    expect(request.body.toString()).toBe(body.toString());
    expect(request.headers["ringback-attempt"]).toBe("1");
  });
});
