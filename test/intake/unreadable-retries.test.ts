import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { connectRaw, type RawPublisher } from "./raw-publisher.ts";

failOnLeaks();

let platform: Platform;
let publisher: RawPublisher;

beforeAll(async () => {
  platform = await startPlatform();
  publisher = await connectRaw(platform.server);
});

afterAll(async () => {
  publisher.close();
  await platform.stop();
});

const RIGHT = {
  "Ringback-Event-Seq": "7",
  "Ringback-Attempt": "2",
  "Ringback-Due": "2026-01-01T00:00:10.000Z",
  "Ringback-Delivery-Id": "7",
  "Ringback-Call-Id": "c1",
  "Ringback-Event-Type": "call_completed",
  "Ringback-Deferrals": "0",
};

const wire = (fields: Record<string, string>): string =>
  `NATS/1.0\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;

/** The dead letter that must come of this message, and nothing must stay on RETRIES. */
const letterOf = async (subject: string, headers: string) => {
  const before = (await platform.deadLetters()).length;
  await publisher.publish(subject, headers, new Uint8Array());
  const letter = await eventually(async () => (await platform.deadLetters())[before] ?? null, {
    what: `the dead letter of ${subject}`,
  });
  await eventually(async () => {
    const { state } = await platform.client.jsm.streams.info("RETRIES");
    expect(state.messages).toBe(0);
  });
  expect(letter).toMatchObject({ reason: "internal", subject });
  return letter;
};

const AGENT = "retries.due.w1.a1";

test("a message of RETRIES with one broken header leaves a dead letter with all ids", async () => {
  const letter = await letterOf(AGENT, wire({ ...RIGHT, "Ringback-Attempt": "two" }));
  expect(letter).toMatchObject({
    event_seq: 7,
    event_id: expect.stringMatching(/^evt_[0-9a-z]+_7$/),
    event_type: "call_completed",
    call_id: "c1",
    agent_id: "a1",
    workspace_id: "w1",
  });
  expect(letter.message).toContain("Ringback-Attempt 'two': is not a whole number");
  const filter = { subjects_filter: "dead_letters.w1.c1.a1.call_completed" };
  const { state } = await platform.client.jsm.streams.info("DEAD_LETTERS", filter);
  expect(state.subjects).toEqual({ "dead_letters.w1.c1.a1.call_completed": 1 });
});

test.each(["8", "8-ep_aaaaaaaaaaaaaaaa", "8-again", "garbage"])(
  "a retry of event 7 that names delivery %s is sent nowhere, and leaves a dead letter",
  async (id) => {
    const letter = await letterOf(`${AGENT}.${id}`, wire({ ...RIGHT, "Ringback-Delivery-Id": id }));
    expect(letter).toMatchObject({ event_seq: 7, agent_id: "a1" });
    expect(letter.message).toContain(`'${id}', which is none of event 7`);
  },
);

test.each([
  ["no headers that are right", AGENT, "NATS/1.0\r\n\r\n", /Ringback-Event-Seq ''/],
  ["a header name that is none", AGENT, wire({ ...RIGHT, "not a name": "v" }), /no headers/],
  ["6,000 headers", AGENT, wire(namesUpTo(6_000)), /too many/],
])("%s leave a dead letter of the agent in the subject", async (_what, subject, headers, text) => {
  const letter = await letterOf(subject, headers);
  expect(letter).toMatchObject({ agent_id: "a1", workspace_id: "w1" });
  expect(letter.message).toMatch(text);
});

test("a subject that names no delivery leaves a dead letter that names the event", async () => {
  const letter = await letterOf("retries.due.w1.a1.7.more", wire(RIGHT));
  expect(letter).toMatchObject({ event_seq: 7, call_id: "c1", event_type: "call_completed" });
  expect(letter.message).toContain("'retries.due.w1.a1.7.more' is not retries.due.<workspace_id>");
});

test("a subject that names another delivery than the headers leaves a dead letter that says so", async () => {
  const letter = await letterOf("retries.due.w1.a1.8", wire(RIGHT));
  expect(letter).toMatchObject({ event_seq: 7, agent_id: "a1", workspace_id: "w1" });
  expect(letter.message).toContain("they name delivery '7', subject 'retries.due.w1.a1.8' another");
});

test("the same broken message twice leaves two dead letters, each counted and logged", async () => {
  const metrics = await platform.dispatchers[0]!.metrics();
  const before = metrics.value("ringback_dead_letters_total", { reason: "internal" }) ?? 0;
  const headers = wire({ ...RIGHT, "Ringback-Due": "tomorrow" });
  await letterOf(AGENT, headers);
  await letterOf(AGENT, headers);
  const { dispatchers } = platform;
  const lines = dispatchers[0]!.logs.filter(({ msg }) => msg === "retry.unreadable");
  expect(lines.at(-1)).toMatchObject({ level: "error", subject: AGENT });
  const after = await dispatchers[0]!.metrics();
  expect(after.value("ringback_dead_letters_total", { reason: "internal" })).toBe(before + 2);
});

function namesUpTo(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`H${n}`, "v"]));
}
