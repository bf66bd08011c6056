import { createHash } from "node:crypto";
import { connect } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { eventMessage } from "@ringback/contracts/events/event";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withSecretIds } from "../../services/subscriptions/src/publishing/store-events.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type SeededApi, startSeededApi } from "../events/seeded-api.ts";
import { problem } from "../harness/api-client.ts";

failOnLeaks();

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi();
});
afterAll(() => api.stop());

const eventOf = (call_id: string, more: object = {}) => ({
  event_type: "call_completed",
  call_id,
  agent_id: "a1",
  ...more,
});
const post = (body: unknown, headers: Readonly<Record<string, string>> = {}, client = api.admin) =>
  client.raw("/events", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const storedBy = async (body: unknown, headers = {}) => {
  const answer = await post(body, headers);
  expect(answer.status).toBe(202);
  return answer.body?.["events"] as { event_id: string; duplicate: boolean }[];
};
const lastSeq = async (): Promise<number> =>
  (await api.client.jsm.streams.info("EVENTS")).state.last_seq;
const messageAt = async (seq: number) => {
  const message = await api.client.jsm.streams.getMessage("EVENTS", { seq });
  return {
    subject: message?.subject,
    body: message?.string(),
    id: message?.header.get("Nats-Msg-Id"),
  };
};

describe("an event that is posted", () => {
  test("is stored with its own bytes, in the key's workspace", async () => {
    const text = String.raw`{ "call_id":"one", "agent_id":"a1","event_type":"call_completed","retry_count":2,"n":9007199254740993,"u":"\u00e9é" }`;
    const [stored] = await storedBy(`\n ${text} \n`);
    const seq = await lastSeq();
    const address = { workspaceId: "acme", callId: "one", agentId: "a1" } as const;
    const message = eventMessage({ ...address, eventType: "call_completed", body: text });
    expect(await messageAt(seq)).toEqual({
      subject: message.subject,
      body: text,
      id: expect.stringMatching(/^http:[0-9a-f]{64}$/),
    });
    expect(stored).toEqual({ event_id: expect.stringMatching(`_${seq}$`), duplicate: false });
    expect((await api.reader.get(`/events/${stored?.event_id}`)).status).toBe(200);
  });

  test("again is answered with the first one's id and not stored twice", async () => {
    const [first] = await storedBy(eventOf("twice"));
    const before = await lastSeq();
    expect(await storedBy(eventOf("twice"))).toEqual([{ ...first, duplicate: true }]);
    expect(await storedBy([eventOf("twice"), eventOf("twice")])).toEqual([
      { ...first, duplicate: true },
      { ...first, duplicate: true },
    ]);
    expect(await lastSeq()).toBe(before);
  });

  test("with an Idempotency-Key is a new event for every key, and the same one for the same", async () => {
    const headers = { "idempotency-key": "k-1" };
    const [first] = await storedBy(eventOf("keyed"), headers);
    expect(await storedBy(eventOf("keyed"), headers)).toEqual([{ ...first, duplicate: true }]);
    const [other] = await storedBy(eventOf("keyed"), { "idempotency-key": "k-2" });
    expect(other).toMatchObject({ duplicate: false });
    // A key that is used again for another event does not lose that event unnoticed.
    const changed = await post(eventOf("keyed", { call_sid: "x" }), headers);
    expect(changed).toMatchObject({ status: 409, body: { code: "event_differs" } });
    const before = await lastSeq();
    for (const other_event of [
      eventOf("another-call"),
      eventOf("keyed", { agent_id: "a2" }),
      eventOf("keyed", { event_type: "call_started" }),
    ]) {
      const events = [{ ...first, duplicate: true, differs: true }];
      const reused = await post(other_event, headers);
      expect(reused).toMatchObject({ status: 409, body: { code: "event_differs", events } });
    }
    expect(await lastSeq()).toBe(before);
    const theirs = await post(eventOf("keyed"), headers, api.other);
    expect(theirs.body?.["events"]).toMatchObject([{ duplicate: false }]);
  });

  test("is stored though a producer took the message id first, for an event of another workspace", async () => {
    const address = { workspaceId: "acme", callId: "taken", agentId: "a1" } as const;
    const { messageId } = eventMessage({
      ...address,
      eventType: "call_completed",
      body: eventOf("taken"),
    });
    const theirs = await api.client.js.publish("events.other.x.x.call_completed", "{}", {
      msgID: messageId,
    });
    const [stored] = await storedBy(eventOf("taken"));
    expect(stored).toMatchObject({ duplicate: false });
    expect(stored?.event_id).not.toMatch(new RegExp(`_${theirs.seq}$`));
  });

  test("is stored also where somebody on NATS knew its id and took it for another subject", async () => {
    const address = { workspaceId: "acme", callId: "known", agentId: "a1" } as const;
    const text = JSON.stringify(eventOf("known"));
    const message = eventMessage({ ...address, eventType: "call_completed", body: text });
    const keyDigest = createHash("sha256")
      .update(api.keysFile.keys[0] ?? "")
      .digest("hex");
    const [known] = withSecretIds({ keyDigest, idempotencyKey: undefined }, [message]);
    const msgID = known?.messageId ?? "";
    await api.client.js.publish("events.other.x.x.call_completed", "{}", { msgID });
    expect(await storedBy(text)).toMatchObject([{ duplicate: false }]);
    expect((await messageAt(await lastSeq())).subject).toMatch(/^events\.acme\./);
  });

  test("is in the workspace of its key, whatever it says", async () => {
    const before = await lastSeq();
    const foreign = await post(eventOf("mine", { workspace_id: "other" }));
    expect(foreign).toMatchObject(problem(422, "validation_failed"));
    expect(foreign.body?.["errors"]).toMatchObject([{ path: "workspace_id" }]);
    expect(await lastSeq()).toBe(before);
    await storedBy(eventOf("mine", { workspace_id: "acme" }));
    expect((await messageAt(before + 1)).subject).toMatch(/^events\.acme\./);
  });
});

describe("a list of events", () => {
  test("of a thousand is stored in one request, each with its bytes and in its place", async () => {
    const texts = Array.from(
      { length: 1_000 },
      (_, n) => `{"event_type":"call_completed","call_id":"l-${n}",\n"agent_id":"a1","n":${n}.0}`,
    );
    const stored = await storedBy(`[${texts.join(" , ")}]`);
    expect(stored).toHaveLength(1_000);
    expect(new Set(stored.map(({ event_id }) => event_id)).size).toBe(1_000);
    for (const n of [0, 1, 500, 999]) {
      const seq = Number(/_(\d+)$/.exec(stored[n]?.event_id ?? "")?.[1]);
      expect((await messageAt(seq)).body).toBe(texts[n]);
    }
  });

  test("with anything wrong stores nothing, and says what is wrong with which event", async () => {
    const before = await lastSeq();
    const answer = await post([
      eventOf("good"),
      eventOf("warned", { call_duration: "61", status: "done" }),
      { event_type: "call_started", call_id: "a.b:c" },
      7,
      eventOf("reserved", { agent_id: "_workspace" }),
      eventOf("deep", { deep: JSON.parse("[".repeat(65) + "]".repeat(65)) }),
      eventOf("null", { agent_id: null }),
    ]);
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    const errors = answer.body?.["errors"] as { path: string; message: string }[];
    expect(errors.map(({ path }) => path)).toEqual([
      "2.agent_id",
      "3",
      "4.agent_id",
      "5",
      "6.agent_id",
    ]);
    expect(await lastSeq()).toBe(before);
  });

  test("may be in an object's `events`, and errors are at their places there", async () => {
    const stored = await storedBy({ events: [eventOf("in-object-1"), eventOf("in-object-2")] });
    expect(stored).toMatchObject([{ duplicate: false }, { duplicate: false }]);
    const answer = await post({ events: [eventOf("x"), eventOf("y", { call_id: 7 })] });
    expect(answer.body?.["errors"]).toEqual([
      { path: "events.1.call_id", message: "expected a text, got a number (7)" },
    ]);
    const none = await post({ events: [] });
    expect(none.body?.["errors"]).toEqual([{ path: "events", message: "must not be empty" }]);
  });

  test.each([
    "",
    "{",
    '{"a": 1,\n "b": }',
    "[1, 2",
    '[{"a":1},\n{"b":}]',
    '{"events":[{]}',
    "\uFEFF{}",
  ])("that is no JSON gets the same words as from any other call: %j", async (text) => {
    const [posted, other] = [
      await post(text),
      await api.admin.raw("/agent/v1", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: text,
      }),
    ];
    expect(posted).toMatchObject(problem(400, "invalid_json"));
    expect(posted.body).toEqual(other.body);
  });

  test.each<readonly [string, string | unknown[], number, string, string[]]>([
    ["that is empty", [], 422, "validation_failed", [""]],
    ["of too many", Array.from({ length: 1_001 }, () => 1), 422, "validation_failed", [""]],
    ["that is no JSON", "[{}", 400, "invalid_json", []],
    [
      "with an event that is no JSON",
      `[${JSON.stringify(eventOf("x"))},{"a":}]`,
      400,
      "invalid_json",
      [],
    ],
    ["of nothing", "", 400, "invalid_json", []],
    ["with a byte-order mark", `\uFEFF[]`, 400, "invalid_json", []],
    [
      "with a key twice",
      `[{"event_type":"call_completed","call_id":"a","call_id":"b","agent_id":"a1"}]`,
      422,
      "validation_failed",
      ["0"],
    ],
    [
      "with one event that is too large",
      [eventOf("big", { filler: "x".repeat(1_048_576) })],
      422,
      "validation_failed",
      ["0"],
    ],
  ])("%s is refused", async (_, body, status, code, paths) => {
    const before = await lastSeq();
    const answer = await post(body);
    expect(answer).toMatchObject(problem(status, code));
    const errors = (answer.body?.["errors"] ?? []) as { path: string }[];
    expect(errors.map((error) => error.path)).toEqual(paths);
    expect(await lastSeq()).toBe(before);
  });
});

test("a request that is too large is refused by its length, before it is read", async () => {
  const { hostname, port } = new URL(api.service.httpUrl());
  const socket = connect(Number(port), hostname);
  socket.write(
    [
      "POST /ca/api/v0/events HTTP/1.1",
      `host: ${hostname}`,
      `x-api-key: ${api.keysFile.keys[0]}`,
      "content-type: application/json",
      `content-length: ${8 * 1024 * 1024 + 1}`,
      "\r\n",
    ].join("\r\n"),
  );
  const answer = await textOf(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain("larger than 8388608 bytes");
});

test.each([
  ["an unknown query", "/events?dry_run=1", {}, 422, "validation_failed"],
  ["a key that is none", "/events", { "idempotency-key": "a b" }, 400, "bad_request"],
  ["another type", "/events", { "content-type": "text/plain" }, 415, "unsupported_media_type"],
])("%s is refused", async (_, path, headers, status, code) => {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
  const answer = await api.admin.raw(path, { ...init, body: JSON.stringify(eventOf("never")) });
  expect(answer).toMatchObject(problem(status, code));
  expect((await api.reader.get("/calls/never/events")).status).toBe(404);
});

/** A connection that has sent a request's head and so much of its body, and what it is answered. */
const unfinished = async (key: string, announced: number, sent: number) => {
  const { hostname, port } = new URL(api.service.httpUrl());
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (data) => (answer += String(data)));
  // Reset while it still sends, it may not have read what it was told.
  socket.on("error", () => (answer ||= "reset"));
  const head = `POST /ca/api/v0/events HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${announced}\r\n\r\n`;
  await new Promise((resolve) => socket.write(head + " ".repeat(sent), resolve));
  return { isRefused: () => /^HTTP\/1.1 503|^reset/.test(answer), close: () => socket.destroy() };
};

describe("bodies that do not come", () => {
  const MIB = 1024 * 1024;

  test("keep nobody out, however much they announce", async () => {
    const [, , , key = ""] = api.keysFile.keys;
    const idle = await Promise.all(Array.from({ length: 20 }, () => unfinished(key, 8 * MIB, 0)));
    expect((await post(eventOf("beside-idle"))).status).toBe(202);
    expect((await post(eventOf("beside-idle-2"), {}, api.other)).status).toBe(202);
    for (const { close } of idle) close();
  });

  test("take half of the room at most, though each has come nearly whole", async () => {
    const [, , , key = ""] = api.keysFile.keys;
    const slow = await Promise.all(
      Array.from({ length: 9 }, () => unfinished(key, 8 * MIB, 7 * MIB)),
    );
    const large = eventOf("large", { filler: "x".repeat(MIB - 10_000) });
    const seven = Array.from({ length: 7 }, (_, n) => ({ ...large, call_id: `large-${n}` }));
    expect((await post(seven)).status).toBe(202);
    // Of the nine four find room; they end as every request does that takes too long to come.
    await eventually(() => {
      expect(slow.filter(({ isRefused }) => isRefused()).length).toBeGreaterThanOrEqual(5);
    });
    for (const { close } of slow) close();
  });
});

test("when EVENTS is full the answer says what is stored, and the same request later stores the rest", async () => {
  const { jsm } = api.client;
  const { config, state } = await jsm.streams.info("EVENTS");
  const filler = "x".repeat(100_000);
  const events = Array.from({ length: 40 }, (_, n) => eventOf(`full-${n}`, { filler }));
  await jsm.streams.update("EVENTS", { ...config, max_bytes: state.bytes + 1_000_000 });
  const answer = await post(events);
  expect(answer).toMatchObject(problem(503, "events_full"));
  expect(answer.headers.get("retry-after")).toBe("60");
  const told = answer.body?.["events"] as ({ event_id: string } | null)[];
  const ids = told.filter((one) => one !== null).map(({ event_id }) => event_id);
  expect(told).toHaveLength(40);
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.length).toBeLessThan(40);
  expect(answer.body?.["detail"]).toContain(`${ids.length} of 40 are stored`);
  for (const id of ids) expect((await api.reader.get(`/events/${id}`)).status).toBe(200);
  await jsm.streams.update("EVENTS", { ...config, max_bytes: -1 });
  const again = await storedBy(events);
  expect(again.filter(({ duplicate }) => duplicate).map(({ event_id }) => event_id)).toEqual(
    told.flatMap((one) => one?.event_id ?? []),
  );
  expect(new Set(again.map(({ event_id }) => event_id)).size).toBe(40);
});

test("while NATS is away an event is refused at once, and nothing is kept for later", async () => {
  await api.server.kill("SIGKILL");
  const answer = await post(eventOf("away"));
  expect(answer).toMatchObject(problem(503, "unavailable"));
  await api.server.restart();
  await api.client.reconnected();
});

test("an event that is posted in a trace is stored with it, so that its delivery is found from there", async () => {
  // Nobody listens there: a collector that is away costs no request anything.
  const traced = await startSeededApi({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const { status } = await traced.admin.raw("/events", {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${trace}-b7ad6b7169203331-01` },
    body: JSON.stringify(eventOf("traced")),
  });
  expect(status).toBe(202);
  const message = await traced.client.jsm.streams.getMessage("EVENTS", { seq: 1 });
  expect(message?.header.get("traceparent")).toMatch(new RegExp(`^00-${trace}-`));
  await traced.stop();
});
