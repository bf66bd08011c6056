import { MAX_RAW_MESSAGE_BYTES } from "@ringback/contracts/deliveries/dead-letter";
import { MAX_EVENT_BYTES } from "@ringback/contracts/events/event";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let markers = 0;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      nats: { maxPayloadBytes: 2 * MAX_EVENT_BYTES },
      env: { EVENT_SCHEMA: "refuse" },
    }),
    startReceiver(),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/") },
    { event_type: "recording_completed", callback_url: receiver.url("/") },
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Publishes past the helper for producers, which would refuse it; the letter must come of it. */
const letterOf = async (subject: string, body: Uint8Array) => {
  const { seq } = await platform.client.js.publish(subject, body);
  const letter = await eventually(
    async () => (await platform.deadLetters()).find(({ event_seq }) => event_seq === seq) ?? null,
    { what: `the dead letter of ${subject}` },
  );
  if (letter.reason !== "invalid_event") throw new Error(`${letter.reason}: not invalid_event`);
  expect(letter).toMatchObject({ event_seq: seq, subject });
  markers += 1;
  const next = await platform.publish({ callId: `next-${markers}` });
  const [record] = await platform.attempted(next, 1);
  expect(record).toMatchObject({ outcome: { kind: "delivered" } });
  return letter;
};

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const body = (fields: object, event_type = "call_completed"): Uint8Array =>
  bytes(JSON.stringify({ event_type, call_id: "c1", ...fields }));

const GOOD = "events.w1.c1.a1.call_completed";
const VALID = body({});

describe("a wrong subject is named in the dead letter, and the next event is delivered", () => {
  test.each([
    ["too few tokens", "events.w1.c1.a1", /'events\.w1\.c1\.a1' is not events\.<workspace_id>/],
    ["one token", "events.w1", /is not events\.<workspace_id>/],
    ["too many tokens", `${GOOD}.more`, /call_completed\.more' is not events\./],
    ["an id with a character that NATS takes", "events.w1.c$1.a1.call_completed", /callId 'c\$1'/],
    ["an id that is not ASCII", "events.w1.c1.ägent.call_completed", /agentId 'ägent'/],
    ["a quote in an id", `events.w"1.c1.a1.call_completed`, /workspaceId 'w"1'/],
    ["an id of 129 characters", `events.w1.${"c".repeat(129)}.a1.call_completed`, /1 to 128 char/],
    ["a call id that needs no escape", "events.w1.c=31.a1.call_completed", /callId 'c=31'/],
    ["an unknown event type", "events.w1.c1.a1.kyc_begun", /'kyc_begun' is not known/],
    ["a property of every object", "events.w1.c1.a1.constructor", /'constructor' is not known/],
    ["no name of a type", "events.w1.c1.a1.Kyc", /'Kyc'.*is no name of an event type/],
  ])("%s", async (_name, subject, message) => {
    const fitting = body({}, subject.split(".")[4]);
    const letter = await letterOf(subject, fitting);
    expect(letter.message).toMatch(message);
    expect(letter).toMatchObject({
      raw: Buffer.from(fitting).toString("base64"),
      truncated: false,
    });
  });
});

describe("a wrong body, or with EVENT_SCHEMA=refuse a value that nobody expects, is explained in the dead letter, and the next event is delivered", () => {
  test.each([
    ["nothing", bytes(""), /empty: expected a JSON object/],
    ["no JSON", bytes("call completed"), /not valid JSON/],
    ["broken JSON", bytes('{"event_type":"call_completed",'), /not valid JSON/],
    ["an array", bytes("[]"), /an array: expected a JSON object/],
    ["null", bytes("null"), /null: expected a JSON object/],
    ["a number", bytes("42"), /a number: expected a JSON object/],
    ["a text", bytes('"text"'), /a string: expected a JSON object/],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), /not UTF-8/],
    ["a byte-order mark", bytes(`\uFEFF${Buffer.from(VALID).toString()}`), /byte-order mark/],
    ["no event_type", bytes('{"call_id":"c1"}'), /event_type is required/],
    ["no call_id", bytes('{"event_type":"call_completed"}'), /call_id is required/],
    ["another event_type", body({}, "recording_completed"), /event_type 'recording_completed'/],
    ["another call_id", body({ call_id: "c2" }), /call_id 'c2'.*'c1'/],
    ["another agent_id", body({ agent_id: "a2" }), /agent_id 'a2'.*'a1'/],
    ["another workspace_id", body({ workspace_id: "w2" }), /workspace_id 'w2'.*'w1'/],
    ["a call_id that is a number", body({ call_id: 1 }), /call_id in the body is no text/],
    ["a call_id of 40 KiB", body({ call_id: "c".repeat(40_960) }), /call_id 'c{200}' in/],
    [
      "an escaped key twice",
      bytes(`{"event_type":"call_completed","call_id":"c1","call\\u005fid":"c1"}`),
      /key call_id twice/,
    ],
    ["a duration that is a list", body({ call_duration: [1] }), /call_duration: .*number/],
    ["a negative duration", body({ call_duration: -1 }), /call_duration: /],
    ["an unknown status", body({ status: "done" }), /status: /],
    ["an unknown call type", body({ call_type: "video" }), /call_type: /],
    ["a transcript that is a number", body({ transcript: 1 }), /transcript: .*list/],
    ["a turn that is a text", body({ transcript: ["hi"] }), /transcript\.0/],
    ["a retry_count that is true", body({ retry_count: true }), /retry_count: /],
    ["arguments that are a list", body({ custom_args_values: [1] }), /custom_args_values: /],
  ])("%s", async (_name, wrong, message) => {
    const letter = await letterOf(GOOD, wrong);
    expect(letter.message).toMatch(message);
    expect(letter).toMatchObject({ raw: Buffer.from(wrong).toString("base64"), truncated: false });
  });

  test.each([
    ["recording_completed", { recording_duration: {} }, /recording_duration: /],
    ["recording_completed", { recording_url: 1 }, /recording_url: /],
  ])("%s with %j", async (type, fields, message) => {
    const letter = await letterOf(`events.w1.c1.a1.${type}`, body(fields, type));
    expect(letter.message).toMatch(message);
  });

  test("over 1 MiB: its first bytes are kept", async () => {
    const wrong = body({ filler: "x".repeat(MAX_EVENT_BYTES) });
    const letter = await letterOf(GOOD, wrong);
    expect(letter.message).toBe(
      `body is ${wrong.byteLength} bytes, over the limit of ${MAX_EVENT_BYTES}`,
    );
    const kept = Buffer.from(wrong.subarray(0, MAX_RAW_MESSAGE_BYTES)).toString("base64");
    expect(letter).toMatchObject({ raw: kept, truncated: true });
  });
});

test("with EVENT_SCHEMA=refuse a value that nobody expects is refused over HTTP with its place, and a job leaves it", async () => {
  const event = { event_type: "call_completed", call_id: "h1", agent_id: "a1" };
  expect(
    await platform.api("POST", "/events", [event, { ...event, status: "done" }]),
  ).toMatchObject({
    status: 422,
    body: { errors: [{ path: "1.status", message: expect.stringMatching(/^expected one of/) }] },
  });
  const asked = { status: "dead_lettered", since: new Date(Date.now() - 600_000).toISOString() };
  const made = await platform.api("POST", "/redeliveries", asked);
  const { redelivery_id: id } = made.body as { redelivery_id: string };
  await eventually(async () => {
    const { body: job } = await platform.api("GET", `/redeliveries/${id}`);
    expect(job).toMatchObject({ state: "done", sent: 0 });
    const { found, skipped, skipped_by_reason: reasons } = job as Record<string, unknown>;
    expect(skipped).toBe(found);
    expect(reasons).toMatchObject({ refused_values: 10, unknown_type: 2 });
  });
});

test("a body of exactly 1 MiB is delivered as it is", async () => {
  const frame = body({ filler: "" }).byteLength;
  const largest = body({ filler: "x".repeat(MAX_EVENT_BYTES - frame) });
  expect(largest.byteLength).toBe(MAX_EVENT_BYTES);
  const { seq } = await platform.client.js.publish(GOOD, largest);
  const request = await eventually(
    () => receiver.requests.find((one) => one.body.byteLength === MAX_EVENT_BYTES) ?? null,
  );
  expect(Buffer.compare(request.body, largest)).toBe(0);
  expect((await platform.deadLetters()).filter(({ event_seq }) => event_seq === seq)).toEqual([]);
});

const counted = async () => {
  const metrics = await platform.dispatchers[0]?.metrics();
  return [
    metrics?.value("ringback_events_total", { event_type: "call_completed", result: "invalid" }),
    metrics?.value("ringback_events_total", { event_type: "unknown", result: "invalid" }),
    metrics?.value("ringback_dead_letters_total", { reason: "invalid_event" }),
  ];
};

const found = async (filter: string) =>
  (await platform.client.jsm.streams.info("DEAD_LETTERS", { subjects_filter: filter })).state
    .subjects;

test("what is invalid is counted, and a workspace finds its letters under its own subject", async () => {
  const before = await counted();
  await letterOf("events.w2.c1.a1.call_completed", bytes("x"));
  await letterOf("events.w2.c$1", VALID);
  await eventually(async () => {
    const after = await counted();
    expect(after.map((value, n) => (value ?? 0) - (before[n] ?? 0))).toEqual([1, 1, 2]);
  });
  expect(await found("dead_letters.w2.>")).toEqual({
    "dead_letters.w2.c1.a1.call_completed": 1,
    "dead_letters.w2._._._": 1,
  });
});
