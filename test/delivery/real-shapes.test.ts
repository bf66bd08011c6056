import { AGENT_EVENT_TYPES } from "@ringback/contracts/agents/workspace-agent";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { SHAPES, type Shape } from "./shapes.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver()]);
  await platform.subscribe([
    { event_type: [...AGENT_EVENT_TYPES], callback_url: receiver.url("/hook") },
  ]);
  await platform.subscribe(
    [{ event_type: "delivery_exhausted", callback_url: receiver.url("/told") }],
    { agentId: "_workspace" },
  );
});
afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

const bodyOf = ({ type, fields }: Shape, call_id: string, ids = ""): string =>
  `{ "event_type":"${type}", "call_id":"${call_id}",${ids}${fields} }`;

const bodiesReceived = (): Set<string> =>
  new Set(receiver.requestsTo("/hook").map(({ body }) => body.toString()));

const receivedAll = (bodies: readonly string[]) =>
  eventually(
    async () => {
      const received = bodiesReceived();
      const missing = bodies.filter((body) => !received.has(body));
      if (missing.length > 0) throw new Error(`not delivered: ${missing.slice(0, 3).join(" | ")}`);
    },
    { timeoutMs: 30_000, what: "every body as it was published" },
  );

const published = (subject: string, body: string | Uint8Array) =>
  platform.client.js.publish(subject, body);

const post = async (body: string, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await fetch(platform.subscriptions.httpUrl("/ca/api/v0/events"), {
    method: "POST",
    headers: {
      "x-api-key": platform.apiKeys[0] ?? "",
      "content-type": "application/json",
      ...headers,
    },
    body,
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const firstId = ({ body }: { readonly body: Record<string, unknown> }): string =>
  (body["events"] as { event_id: string }[])[0]?.event_id ?? "";

const put = (name: string, body: object) => platform.api("PUT", `/event-types/${name}`, body);

const edit = (event_type: string) =>
  platform.api("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [{ event_type, callback_url: receiver.url("/x") }],
  });

const counted = (text: string): string => text.replace("{", '{"retry_count":1,');

describe("what voice platforms really send", () => {
  test("is at least 60 shapes, each delivered byte for byte from NATS", async () => {
    expect(SHAPES.length).toBeGreaterThanOrEqual(60);
    const bodies = SHAPES.map((shape, n) => bodyOf(shape, `nats-${n}`));
    await Promise.all(
      SHAPES.map(({ type }, n) => published(`events.w1.nats-${n}.a1.${type}`, bodies[n] ?? "")),
    );
    await receivedAll(bodies);
    expect(await platform.deadLetters()).toEqual([]);
  });

  test("is delivered byte for byte from a batch over HTTP too", async () => {
    // Over HTTP the body says whose agent it is.
    const shapes = SHAPES.filter(({ fields }) => !fields.includes("agent_id"));
    const bodies = shapes.map((shape, n) => bodyOf(shape, `http-${n}`, '"agent_id":"a1",'));
    const answer = await post(`[${bodies.join(" ,\n")}]`);
    expect(answer.status).toBe(202);
    await receivedAll(bodies);
  });

  test("is warned of where readers do not expect it: in the answer, with the event, in the metrics", async () => {
    const fields = '"agent_id":"a1","status":"no-answer","transcript":[{},1],"call_duration":"1"';
    const answer = await post(`{"event_type":"call_completed","call_id":"warned",${fields}}`);
    const warnings = [
      {
        path: "status",
        message: expect.stringMatching(/^expected one of .*, found another text$/),
      },
      { path: "transcript.1", message: "expected an object as every turn" },
    ];
    expect(answer.body["events"]).toMatchObject([{ duplicate: false, warnings }]);
    const event_id = firstId(answer);
    const event = await platform.api("GET", `/events/${event_id}`);
    expect(event.body).toMatchObject({ event_id, warnings });
    const text = await (await fetch(platform.dispatchers[0]?.adminUrl("/metrics") ?? "")).text();
    expect(text).toMatch(
      /ringback_event_warnings_total\{event_type="call_completed",field="status"\} [1-9]/,
    );
    const logged = platform.dispatchers[0]?.logs.filter(({ msg, path }) => {
      return msg === "event.unexpected_value" && path === "status";
    });
    const ids = { event_id, event_type: "call_completed", agent_id: "a1", workspace_id: "w1" };
    expect(logged?.[0]).toMatchObject({ ...ids, event_id: expect.stringMatching(/^evt_/) });
  });

  test.each(["a84b4c76e66710@pc33.example.com", "1.2:3+4;5=6", "~/a?b#c%25"])(
    "may be of the call %s: its body and the endpoint see that id, and it is found by it",
    async (callId) => {
      const body = JSON.stringify({ event_type: "call_completed", call_id: callId });
      await platform.publish({ callId, body });
      await post(body.replace("}", ',"agent_id":"a1"}'));
      await receivedAll([body, body.replace("}", ',"agent_id":"a1"}')]);
      const found = await platform.api("GET", `/calls/${encodeURIComponent(callId)}/events`);
      expect(found.body).toMatchObject({ events: [{ call_id: callId }, { call_id: callId }] });
    },
  );
});

/** What a redelivery job came to. */
const redelivered = async (asked: object): Promise<object> => {
  const { body } = await platform.api("POST", "/redeliveries", asked);
  const { redelivery_id } = body as { redelivery_id: string };
  return eventually(async () => {
    const read = await platform.api("GET", `/redeliveries/${redelivery_id}`);
    const job = read.body as { state: string };
    if (job.state !== "done") throw new Error(job.state);
    return job;
  });
};

describe("what is still refused", () => {
  const ok = '"event_type":"call_completed","call_id":"bad"';
  const REFUSED: readonly (readonly [string, string | Uint8Array, string?])[] = [
    ["no object", "[1]"],
    ["no JSON", `{${ok},"n":NaN}`],
    ["bytes that are no UTF-8", Uint8Array.from([0x7b, 0xff, 0x7d])],
    ["a byte-order mark", `\uFEFF{${ok}}`],
    ["no call id", '{"event_type":"call_completed"}'],
    ["a call id that is a number", '{"event_type":"call_completed","call_id":123}'],
    ["another call's id", '{"event_type":"call_completed","call_id":"other"}'],
    ["another workspace's id", `{${ok},"workspace_id":"w2"}`],
    ["a routing key twice", `{${ok},"agent_id":"a1","agent_id":"a2"}`],
    ["65 levels", `{${ok},"x":${"[".repeat(64)}${"]".repeat(64)}}`],
    ["a type that nobody added", '{"event_type":"kyc_begun","call_id":"bad"}', "kyc_begun"],
    [
      "Ringback's own type",
      '{"event_type":"delivery_exhausted","call_id":"bad"}',
      "delivery_exhausted",
    ],
  ];

  test("becomes a dead letter that is told to the workspace, counted, and never sent again", async () => {
    const since = new Date(Date.now() - 60_000).toISOString();
    await platform.subscribe(
      [{ event_type: "delivery_exhausted", callback_url: receiver.url("/told") }],
      { agentId: "_workspace" },
    );
    for (const [, body, type = "call_completed"] of REFUSED) {
      await published(`events.w1.bad.a1.${type}`, body);
    }
    await published("events.w1.too.many.tokens.a1.call_completed", `{${ok}}`);
    await published("events.w1.no$id.a1.call_completed", `{${ok}}`);
    const count = REFUSED.length + 2;
    await receiver.received(count, { path: "/told", timeoutMs: 20_000 });
    const letters = await platform.deadLetters();
    expect(letters.map(({ reason }) => reason)).toEqual(
      Array.from({ length: count }, () => "invalid_event"),
    );
    const told = receiver.requestsTo("/told").map(({ body }) => JSON.parse(body.toString()));
    expect(told).toContainEqual(
      expect.objectContaining({
        event_type: "delivery_exhausted",
        call_id: "bad",
        delivery: expect.objectContaining({
          event_type: "kyc_begun",
          agent_id: "a1",
          reason: "invalid_event",
          message: expect.stringMatching(/^event type 'kyc_begun' is not known/),
        }),
      }),
    );
    // Nobody knows which token of a malformed subject is which.
    const malformed = await eventually(async () => {
      const { body } = await platform.api("GET", "/dead-letters?limit=50");
      const { dead_letters } = body as { dead_letters: Record<string, unknown>[] };
      const found = dead_letters.find(({ message }) => String(message).includes("too.many"));
      if (found === undefined) throw new Error("not listed yet");
      return found;
    });
    expect(malformed).toMatchObject({ call_id: null, agent_id: null, event_type: null });
    const stats = await platform.api("GET", "/agent/v1/a1/stats");
    expect(stats.body).toMatchObject({ invalid_events: REFUSED.length + 1 });

    const before = receiver.requestsTo("/hook").length;
    const judged = { invalid_event: REFUSED.length - 1, unknown_type: 1 };
    expect(await redelivered({ since, status: "dead_lettered" })).toMatchObject({
      found: count,
      sent: 0,
      skipped: count,
      skipped_by_reason: { ...judged, malformed_subject: 2 },
    });
    // Of which agent and type the second one is its subject says.
    const ofAgent = { since, status: "dead_lettered", agent_id: "a1" };
    expect(await redelivered(ofAgent)).toMatchObject({
      found: count - 1,
      skipped_by_reason: { ...judged, malformed_subject: 1 },
    });
    const ofType = { ...ofAgent, event_types: ["kyc_begun"] };
    expect(await redelivered(ofType)).toMatchObject({
      found: 1,
      skipped_by_reason: { unknown_type: 1 },
    });
    expect(receiver.requestsTo("/hook")).toHaveLength(before);
  });

  test.each(REFUSED.filter(([what]) => what !== "another call's id"))(
    "is refused over HTTP: %s",
    async (_what, body) => {
      const text = typeof body === "string" ? body : Buffer.from(body ?? "").toString("latin1");
      const answer = await post(text.replace(/\}$/, ',"agent_id":"a1"}'));
      expect([400, 422]).toContain(answer.status);
    },
  );

  test("is nothing that an agent can subscribe", async () => {
    expect(await edit("delivery_exhausted")).toMatchObject({ status: 422 });
    expect(await edit("kyc_begun")).toMatchObject({
      status: 422,
      body: { errors: [{ message: expect.not.stringContaining("delivery_exhausted") }] },
    });
  });
});

describe("a repeat", () => {
  const first = '{"event_type":"call_completed","call_id":"rep","agent_id":"a1","status":"retry"}';
  const second = first.replace("retry", "completed");

  test("is one only if it says the same, where no retry_count tells the attempts apart", async () => {
    expect((await post(first)).body["events"]).toMatchObject([{ duplicate: false }]);
    expect((await post(first)).body["events"]).toMatchObject([{ duplicate: true }]);
    expect((await post(second)).body["events"]).toMatchObject([{ duplicate: false }]);
    await receivedAll([first, second]);
  });

  test("that differs under the same id is told", async () => {
    const [stored] = (await post(counted(first))).body["events"] as object[];
    expect((await post(counted(second))).body["events"]).toEqual([
      { ...stored, duplicate: true, differs: true },
    ]);
  });

  test("that differs under the same Idempotency-Key is a conflict", async () => {
    const key = { "idempotency-key": "shapes-1" };
    expect((await post(first, key)).status).toBe(202);
    expect((await post(first, key)).status).toBe(202);
    const answer = await post(second, key);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: "event_differs", events: [{ duplicate: true, differs: true }] },
    });
  });
});

describe("a type of the workspace's own", () => {
  const schema = { type: "object", required: ["score"], properties: { score: { type: "number" } } };

  test("goes from registration to delivery, with a warning where its event breaks its schema", async () => {
    expect(await put("kyc_done", { schema, example: { score: 0.5 } })).toMatchObject({
      status: 201,
      body: { event_type: "kyc_done", origin: "workspace", schema },
    });
    expect(await put("kyc_done", { schema, example: { score: 1 } })).toMatchObject({ status: 200 });
    await platform.subscribe([{ event_type: "kyc_done", callback_url: receiver.url("/hook") }]);
    const body = '{"event_type":"kyc_done","call_id":"own","agent_id":"a1","score":"high"}';
    const answer = await post(body);
    expect(answer).toMatchObject({
      status: 202,
      body: { events: [{ warnings: [{ path: "score", message: "must be number" }] }] },
    });
    await receivedAll([body]);
    const metrics = await platform.subscriptions.metrics();
    const ofOwnTypes = { event_type: "custom", field: "other" };
    expect(metrics.value("ringback_event_warnings_total", ofOwnTypes)).toBe(1);
    const noted = platform.subscriptions.logs.filter(({ msg }) => msg === "event.unexpected_value");
    expect(noted).toMatchObject([{ event_type: "kyc_done", problem: "must be number" }]);
    const event_id = firstId(answer);
    const event = await platform.api("GET", `/events/${event_id}`);
    expect(event.body).toMatchObject({ warnings: [{ path: "score" }] });

    const tried = await platform.api("POST", "/agent/v1/a1/test-event", { event_type: "kyc_done" });
    expect(tried).toMatchObject({ body: { attempt: { outcome: { kind: "delivered" } } } });
    const listed = await eventually(async () => {
      const page = await platform.api("GET", "/events?event_type=kyc_done&status=delivered");
      const { events } = page.body as { events: { event_type: string }[] };
      if (events.length < 2) throw new Error(`${events.length} of 2 listed`);
      return events;
    });
    expect(listed.map(({ event_type }) => event_type)).toEqual(["kyc_done", "kyc_done"]);
    const others = await platform.api("GET", "/events?event_type=nobodys_type");
    expect(others.body).toMatchObject({ events: [] });
  });

  test("is listed, and deleted once nobody subscribes it; another workspace has not got it", async () => {
    const types = async (workspaceId: string) => {
      const { body } = await platform.api("GET", "/event-types", undefined, workspaceId);
      return (body as { event_types: { event_type: string }[] }).event_types.map(
        ({ event_type }) => event_type,
      );
    };
    expect(await types("w1")).toContain("kyc_done");
    expect(await types("w2")).not.toContain("kyc_done");
    const path = "/event-types/kyc_done";
    expect(await platform.api("DELETE", path)).toMatchObject({
      status: 409,
      body: { code: "event_type_in_use" },
    });
    await platform.unsubscribe(["kyc_done"]);
    expect((await platform.api("DELETE", path)).status).toBe(204);
    expect((await platform.api("DELETE", path)).status).toBe(404);
    expect(await types("w1")).not.toContain("kyc_done");
    const gone = await post('{"event_type":"kyc_done","call_id":"own-2","agent_id":"a1"}');
    expect(gone).toMatchObject({ status: 422, body: { errors: [{ path: "event_type" }] } });
  });

  test.each([
    ["call_completed", {}, 409],
    ["Kyc-Done", {}, 422],
    ["bad_schema", { schema: { type: "nothing" } }, 422],
    ["elsewhere", { schema: { $ref: "https://schemas.example.com/x.json" } }, 422],
    ["too_large", { example: { text: "x".repeat(33 * 1024) } }, 422],
  ])("is refused where it is named %s and says what cannot be", async (name, body, status) => {
    expect((await put(name, body)).status).toBe(status);
  });

  test("has a schema that may take for ever: its events are delivered, and nobody else waits", async () => {
    const slow = { type: "object", properties: { text: { type: "string", pattern: "^(a+)+$" } } };
    await put("slow_type", { schema: slow });
    const text = `${"a".repeat(40)}!`;
    const answer = await post(
      `{"event_type":"slow_type","call_id":"slow","agent_id":"a1","text":"${text}"}`,
    );
    expect(answer.status).toBe(202);
    await put("quick_type", { schema });
    const quick = await post('{"event_type":"quick_type","call_id":"quick","agent_id":"a1"}');
    expect(quick.body["events"]).toMatchObject([{ warnings: [{ path: "" }] }]);
  });
});

describe("for programs that were written for Ringg's API", () => {
  test("a change answers a message, and agents come in their envelope", async () => {
    const edited = await platform.api("PATCH", "/agent/v1", {
      operation: "edit_event_subscriptions",
      agent_id: "a9",
      event_subscriptions: [{ event_type: "call_started", callback_url: receiver.url("/a9") }],
    });
    expect(edited.body).toMatchObject({ message: "Agent updated successfully!", agent_id: "a9" });
    const one = await platform.api("GET", "/agent/a9");
    expect(one.body).toMatchObject({
      agents: { id: "a9", agent_id: "a9", event_subscriptions: [{ event_type: "call_started" }] },
    });
    const all = await platform.api("GET", "/agent/all?limit=1&offset=1");
    expect(all.body).toMatchObject({ agents: [{ id: "a9" }], total: 2, limit: 1, offset: 1 });
    expect((await platform.api("GET", "/agent/none")).status).toBe(404);
  });
});
