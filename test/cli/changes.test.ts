import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import { jsonLines, ringback, type RunOptions } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ dispatchers: 0 });
});
afterAll(() => platform.stop());

const run = (args: readonly string[], options?: RunOptions) =>
  ringback(
    args,
    {
      RINGBACK_API_URL: platform.subscriptions.httpUrl(),
      RINGBACK_API_KEY: platform.apiKeys[0] ?? "",
    },
    options,
  );

const CRM = "https://crm.example.com/calls";

const agentOf = async (agentId: string) => {
  const { stdout } = await run(["agents", agentId, "--json"]);
  return jsonLines(stdout)[0];
};

test("subscribe sets types and leaves others, unsubscribe removes them; each says what it did", async () => {
  const own = ["--header", "Authorization: Bearer crm-token", "--header", "X-Team:  north"];
  const types = "call_completed,recording_completed";
  const first = await run(["subscribe", "agent-7", types, CRM, "--method", "PUT", ...own]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toBe(
    [
      `agent-7: call_completed → PUT ${CRM}: subscribed\n`,
      `agent-7: recording_completed → PUT ${CRM}: subscribed\n`,
      `not signed: ${types.replace(",", ", ")} (\`ringback rotate agent-7\` signs all)\n`,
    ].join(""),
  );
  const second = await run(["subscribe", "agent-7", "call_completed", `${CRM}/2`]);
  expect(second.stdout).toContain(
    `call_completed → POST ${CRM}/2: replaced (it was ${CRM}, changed: callback_url, headers, method_type)`,
  );
  const headers = { Authorization: "Bearer crm-token", "X-Team": "north" };
  expect(await agentOf("agent-7")).toMatchObject({
    event_subscriptions: [
      { event_type: "call_completed", callback_url: `${CRM}/2`, method_type: "POST", headers: {} },
      { event_type: "recording_completed", callback_url: CRM, method_type: "PUT", headers },
    ],
  });
  const order = ["--order", "skip", "--max-wait", "5m"];
  const json = await run(["subscribe", "agent-7", "call_started", CRM, ...order, "--json"]);
  const inOrder = { by: "call", on_failure: "skip", max_wait: "5m" };
  expect(jsonLines(json.stdout)).toMatchObject([
    {
      agent_id: "agent-7",
      event_subscriptions: expect.arrayContaining([expect.objectContaining({ order: inOrder })]),
    },
  ]);

  const mistyped = await run(["unsubscribe", "agent-7", "call_start"]);
  expect(mistyped).toMatchObject({ code: 1, stdout: "" });
  expect(mistyped.stderr).toContain("does not subscribe 'call_start': did you mean call_started?");
  const nothing = await run(["unsubscribe", "agent-7"]);
  expect(nothing).toMatchObject({ code: 2, stdout: "" });
  expect(nothing.stderr).toContain("name event types of agent-7 (call_started, call_completed");
  const some = await run(["unsubscribe", "agent-7", "call_started,call_completed"]);
  expect(some.stdout).toMatch(/^agent-7: call_started goes .*\nagent-7: call_completed goes .*\n$/);
  expect((await run(["unsubscribe", "agent-7", "--all"])).code).toBe(0);
  expect(await agentOf("agent-7")).toMatchObject({ event_subscriptions: [] });
  expect((await run(["unsubscribe", "agent-7", "--all"])).stderr).toBe(
    "agent-7 has no subscriptions.\n",
  );
});

test("a URL that events may not go to is refused in the API's words", async () => {
  const run1 = await run([
    "subscribe",
    "agent-7",
    "call_completed",
    "https://a:b@crm.example.com/",
  ]);
  expect(run1).toMatchObject({ code: 1, stdout: "" });
  expect(run1.stderr).toMatch(
    /^ringback: event_subscriptions\.0\.callback_url: [^\n]+ \(422 validation_failed\)\n$/,
  );
});

test("rotate prints the new secret alone on the output; a secret of one's own comes from stdin", async () => {
  await run(["subscribe", "signed", "call_completed,call_started", CRM]);
  const rotated = await run(["rotate", "signed", "--type", "call_started", "--overlap", "1h"]);
  expect(rotated.code).toBe(0);
  expect(rotated.stdout).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/);
  expect(rotated.stderr).toContain("sign on for 1h");
  await run(["rotate", "signed", "--type", "call_started", "--overlap", "1h"]);
  expect((await run(["agents", "signed"])).stdout).toMatch(/ v1, v1 until \S/);
  const ended = await run(["rotate", "signed", "--type", "call_started", "--overlap", "0s"]);
  expect(ended.stderr).toContain("Secrets from before sign no more.");
  expect(await agentOf("signed")).toMatchObject({
    event_subscriptions: [
      { event_type: "call_started", signing: [{ scheme: "v1" }] },
      { event_type: "call_completed" },
    ],
  });
  const unsigned = await run(["subscribe", "signed", "call_completed,call_started", `${CRM}/2`]);
  expect(unsigned.stdout).toContain("\nnot signed: call_completed (");
  const asymmetric = await run(["rotate", "signed", "--scheme", "v1a"]);
  expect(asymmetric.stdout).toMatch(/^whpk_\S+\n$/);
  const own = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const brought = await run(["rotate", "signed", "--secret-stdin", "--json"], {
    stdin: `${own}\n`,
  });
  expect(jsonLines(brought.stdout)).toEqual([{ agent_id: "signed", signing_secret: own }]);
  const wrong = await run(["rotate", "signed", "--secret-stdin"], { stdin: "hunter2" });
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).not.toContain("hunter2");
  expect(await run(["rotate", "sign"])).toMatchObject({
    code: 1,
    stderr: "ringback: there is no agent 'sign' in this workspace: did you mean signed?\n",
  });
});

const publish = (stdin: string, ...args: string[]) => run(["publish", "-", ...args], { stdin });

const payloadOf = async (eventId: string) => (await run(["payload", eventId])).stdout;

test("publish stores an object, an array, or one JSON object a line, as it is written", async () => {
  const written =
    '{\n  "event_type": "call_completed",\n "call_id":"c-42", "agent_id": "agent-7"\n}\n';
  const one = await run(["publish", await writeTempFile("event.json", written)]);
  expect(one).toMatchObject({ code: 0, stderr: "1 stored\n" });
  const [, eventId = ""] = /^(evt_\w+_\d+) {2}line 1 {2}stored\n$/.exec(one.stdout) ?? [];
  expect(await payloadOf(eventId)).toBe(written.trim());

  const body = '{ "call_id":"l1", "n": 9007199254740993, "event_type": "call_started"}';
  const lines = `${body}\n\n{"call_id":"l2","event_type":"call_completed","agent_id":"agent-8"}\n`;
  const about = ["--agent", "agent-8"];
  const many = await run(["publish", "-", ...about, "--json"], { stdin: lines });
  expect(jsonLines(many.stdout)).toMatchObject([
    { event_id: expect.stringMatching(/^evt_/), duplicate: false, line: 1 },
    { event_id: expect.stringMatching(/^evt_/), duplicate: false, line: 3 },
  ]);
  expect(await payloadOf(String(jsonLines(many.stdout)[0]?.["event_id"]))).toBe(
    `{"agent_id":"agent-8",${body.slice(1)}`,
  );
  const again = await run(["publish", "-", ...about], { stdin: lines });
  expect(again).toMatchObject({ code: 0, stderr: "0 stored, 2 stored before\n" });
  const file = await writeTempFile("events.json", `[\n${body},\n\n {"call_id": "l3"}\n]`);
  const array = await run(["publish", file, ...about, "--type", "call_started", "--id", "batch-7"]);
  expect(array.stdout).toMatch(/^evt_\S+ {2}line 2 {2}stored\nevt_\S+ {2}line 4 {2}stored\n$/);
  const differs = await run(["publish", "-", "--id", "batch-7", ...about], {
    stdin: body.replace("9007", "1007"),
  });
  expect(differs).toMatchObject({ code: 1 });
  expect(differs.stdout).toMatch(
    /^evt_\S+ {2}line 1 {2}another event has its place: not stored\n$/,
  );
  expect(differs.stderr).toContain("(409 event_differs)");
});

test("what is wrong with an event is said with its line, and nothing is published", async () => {
  const good = '{"call_id":"w1","event_type":"call_completed","agent_id":"a1"}';
  const broken = await publish(`${good}\n{"call_id": }\n`);
  expect(broken).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "ringback: stdin:2:13 is no JSON: it does not go on with '}' here; nothing was published\n",
  });
  const lacking = await publish(`${good}\n{"call_id":"w2","event_type":"call_completed"}\n`);
  expect(lacking.stderr).toBe(
    "ringback: stdin:2 has no agent_id: add it, or give --agent; nothing was published\n",
  );
  const refused = await publish(
    `${good}\n\n{"call_id":"w 3","event_type":"call_completed","agent_id":"a1"}`,
  );
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^ringback: stdin:3 call_id: [^\n]+; nothing was published\n$/);
  expect(await publish("[]")).toMatchObject({ code: 2, stderr: "ringback: stdin has no events\n" });
  const unknown = await publish("{}", "--type", "call_complete");
  expect(unknown).toMatchObject({ code: 2 });
  expect(unknown.stderr).toContain("did you mean call_completed?");
});

test("more events than one request takes are published all the same", async () => {
  const stdin = Array.from(
    { length: 1_001 },
    (_, n) => `{"call_id":"m${n}","event_type":"call_completed","agent_id":"a1"}`,
  ).join("\n");
  const many = await run(["publish", "-", "--id", "many", "--json"], { stdin });
  expect(many).toMatchObject({ code: 0, stderr: "1001 stored\n" });
  expect(jsonLines(many.stdout).at(-1)).toMatchObject({ line: 1_001 });
  const again = await run(["publish", "-", "--id", "many"], { stdin });
  expect(again).toMatchObject({ code: 0, stderr: "0 stored, 1001 stored before\n" });
});

test("a payload comes as it was published, byte for byte", async () => {
  const body =
    '{ "call_id":"p1",\n  "event_type": "call_completed", "n": 9007199254740993, "s": "é\u202e" }\n';
  const { seq } = await platform.publish({ callId: "p1", body });
  const { stdout } = await run(["events", "--call", "p1", "--json"]).then((first) =>
    first.stdout === "" ? eventually(() => listed("p1")) : first,
  );
  const eventId = String(jsonLines(stdout)[0]?.["event_id"]);
  expect(eventId).toMatch(new RegExp(`_${seq}$`));
  expect(await run(["payload", eventId])).toEqual({ code: 0, stdout: body, stderr: "" });
  const json = await run(["payload", eventId, "--json"]);
  expect(json.stdout).toContain(`{"event_id":"${eventId}","payload":{ "call_id":"p1",   "event`);
  expect(json.stdout.trimEnd()).not.toContain("\n");
  expect(json.stdout).toContain("9007199254740993");
});

const listed = async (callId: string) => {
  const found = await run(["events", "--call", callId, "--json"]);
  if (found.stdout === "") throw new Error("not in the list yet");
  return found;
};
