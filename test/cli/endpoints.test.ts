import { Buffer } from "node:buffer";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import { jsonLines, ringback, type RunOptions } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const busy = { body: '{"error":"busy"}', headers: { "content-type": "application/json" } };
  receiver = await startReceiver(({ path }) =>
    path === "/failing" ? status(503, busy) : status(200),
  );
  platform = await startPlatform();
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const run = (args: readonly string[], options?: RunOptions) =>
  ringback(
    ["endpoints", ...args],
    {
      RINGBACK_API_URL: platform.subscriptions.httpUrl(),
      RINGBACK_API_KEY: platform.apiKeys[0] ?? "",
    },
    options,
  );

const jsonOf = async (...args: string[]) => jsonLines((await run([...args, "--json"])).stdout);

afterEach(async () => {
  for (const { endpoint_id } of await jsonOf("list")) await run(["delete", String(endpoint_id)]);
});

const CRM = "https://crm.example.com/calls?token=secret-query";
const ID = "ep_[a-z2-7]{16}";
/** More than a double holds. */
const LONG = "12345678901234567891";

test("without endpoints the list says how to make one", async () => {
  expect(await run([])).toEqual({
    code: 0,
    stdout: "",
    stderr: "There are no endpoints: `ringback endpoints create` makes the first one.\n",
  });
});

test("create sets what the options say and prints the secret once; show and list have the endpoint", async () => {
  const filter = `{"data": {"call_duration": {"$gte": ${LONG}}}}`;
  const options = [
    ["--uid", "crm", "--agent", "agent-7,agent-8", "--agent", "agent-9"],
    ["--event-type", "call_*,recording_completed", "--type", "call_completed", "--method", "PUT"],
    ["--header", "Authorization: Bearer crm-token", "--header", "X-Team: north"],
    ["--metadata", "team=support", "--metadata", "url=a=b", "--description", "CRM, production"],
    ["--filter", `@${await writeTempFile("filter.json", filter)}`],
    ["--order", "skip", "--max-wait", "5m", "--delivery", '{"timeout": "5s"}'],
  ].flat();
  const created = await run(["create", CRM, ...options]);
  expect(created).toMatchObject({ code: 0, stderr: "" });
  expect(created.stdout).toMatch(
    new RegExp(
      `^crm \\(${ID}\\): call_\\*, recording_completed, call_completed of agent-7, agent-8, agent-9 that its filter matches → PUT https://\\S+\nSigning secret, shown this once: whsec_\\S+=\n$`,
    ),
  );

  const [whole] = await jsonOf("show", "crm");
  expect(whole).toMatchObject({
    uid: "crm",
    url: CRM,
    agents: ["agent-7", "agent-8", "agent-9"],
    event_types: ["call_*", "recording_completed", "call_completed"],
    method_type: "PUT",
    headers: { Authorization: "Bearer crm-token", "X-Team": "north" },
    metadata: { team: "support", url: "a=b" },
    description: "CRM, production",
    order: { by: "call", on_failure: "skip", max_wait: "5m" },
    delivery: { timeout: "5s" },
    version: 1,
  });
  const shown = await run(["show", String(whole?.["endpoint_id"]), "--utc"], { columns: 80 });
  expect(shown.stdout).toMatch(
    new RegExp(`^Endpoint +crm \\(${ID}\\)\nDescription +CRM, production\nRequest +PUT https:`),
  );
  expect(shown.stdout).toContain("\nHeaders      Authorization, X-Team\n");
  expect(shown.stdout).toContain("\nOrder        by call, on failure skip, at most 5m\n");
  expect(shown.stdout).toContain('\nDelivery     {"timeout":"5s"}\n');
  expect(shown.stdout).toContain("\nMetadata     team=support, url=a=b\n");
  expect(shown.stdout).toMatch(/\nState +healthy since [A-Z][a-z]{2} \d\d \S+\n/);
  expect(shown.stdout).not.toMatch(/crm-token|whsec_/);

  // Digits that a double does not hold come back in each way.
  const raw = [await run(["show", "crm"]), await run(["show", "crm", "--json"])];
  const list = [await run(["list"]), await run(["list", "--json"])];
  for (const { stdout } of [...raw, ...list]) expect(stdout).toContain(`"$gte":${LONG}}`);
  expect(list[0]?.stdout).toMatch(
    /^ENDPOINT +UID +STATE +SINCE +AGENTS +TYPES +URL +FILTER +DESCRIPTION\nep_\S+ +crm +healthy /,
  );
  const taken = await run(["create", CRM, "--uid", "crm"]);
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  expect(taken.stderr).toMatch(/^ringback: [^\n]*crm[^\n]* \(409 endpoint_exists\)\n$/);
});

test("an endpoint without options gets all events; its secret verifies what it gets", async () => {
  const [created] = await jsonOf("create", receiver.url("/all"));
  const id = String(created?.["endpoint_id"]);
  expect(created).toMatchObject({ agents: ["*"], event_types: ["*"], method_type: "POST" });
  await platform.publish({ callId: "c-42" });
  await eventually(() => expect(receiver.requestsTo("/all")).toHaveLength(1));
  const [request] = receiver.requestsTo("/all");
  const webhook = new Webhook(String(created?.["signing_secret"]));
  const headers = request?.headers as Record<string, string>;
  expect(webhook.verify(request?.body.toString() ?? "", headers)).toMatchObject({
    call_id: "c-42",
  });
  expect(await run(["delete", id])).toEqual({ code: 0, stdout: `${id}: deleted\n`, stderr: "" });
  expect((await run(["show", id])).code).toBe(1);
});

test("edit changes what it names and nothing else; history and --at tell of it", async () => {
  await run(["create", CRM, "--uid", "edited", "--description", "old", "--filter", "{}"]);
  await run(["edit", "edited", "--header", "X-Team: north"]);
  const before = new Date().toISOString();
  const [was] = await jsonOf("show", "edited");
  const unset = ["--unset", "description,filter,headers"];
  const edited = await run(["edit", "edited", "--agent", "agent-7", ...unset]);
  expect(edited.stdout).toMatch(
    new RegExp(
      `^edited \\(${ID}\\): agents, no description, no filter, no headers \\(version 3\\)\n$`,
    ),
  );
  const { description: _description, filter: _filter, ...kept } = was ?? {};
  expect(await jsonOf("show", "edited")).toEqual([
    {
      ...kept,
      agents: ["agent-7"],
      headers: {},
      version: 3,
      updated_at: expect.any(String),
    },
  ]);
  expect(await jsonOf("show", "edited", "--at", before)).toEqual([was]);
  const history = await run(["history", "edited"]);
  expect(history.stdout).toMatch(
    /^VERSION +AT +BY +CHANGE\n3 +20\S+Z +\S+ +changed: \S.*no description.*\n2 .* changed: headers\n1 .* created: /,
  );
  expect(await jsonOf("history", "edited", "--limit", "2")).toMatchObject([
    { version: 3, type: "endpoint_changed" },
    { version: 2 },
  ]);
  const longAgo = await run(["show", "edited", "--at", "2020-01-01"]);
  expect(longAgo).toMatchObject({ code: 1, stdout: "" });
  expect(longAgo.stderr).toMatch(/^ringback: There was no endpoint "edited" [^\n]*\(404 end/);
  const refused = await run(["edit", "edited", "--event-type", "cal_*"]);
  expect(refused.stderr).toMatch(/^ringback: event_types\.0: [^\n]+ \(422 validation_failed\)\n$/);
  await run(["delete", "edited"]);
  expect((await run(["history", "edited"])).stdout).toMatch(/\n4 +\S+ +\S+ +deleted\n/);
});

test("an endpoint is paused, resumed, disabled and enabled; each says what becomes of its events", async () => {
  await run(["create", CRM, "--uid", "switched"]);
  const paused = await run(["pause", "switched"]);
  expect(paused.stdout).toMatch(
    /^switched \(ep_\S+\): paused since \S+: events from \S+ on are held\n$/,
  );
  const resumed = await run(["resume", "switched"]);
  expect(resumed.stdout).toMatch(/: healthy since \S+\n$/);
  expect(resumed.stderr).toMatch(/^The job [0-9a-f-]{36} sends what it did not get\.\n$/);
  await run(["pause", "switched"]);
  const withoutHeld = await run(["resume", "switched", "--recover", "none"]);
  expect(withoutHeld.stderr).toMatch(/^Events from 20\S+Z on were held, and are not sent\.\n$/);
  const mistaken = await run(["enable", "switched", "--recover", "everything"]);
  expect(mistaken.stderr).toMatch(/^ringback: --recover is 'everything': expected [^\n]+\n/);
  expect((await run(["disable", "switched"])).stdout).toMatch(
    /: disabled since \S+: events meanwhile are discarded\n$/,
  );
  const disabled = await run(["resume", "switched"]);
  expect(disabled).toMatchObject({ code: 1, stdout: "" });
  expect(disabled.stderr).toMatch(/^ringback: [^\n]+ \(409 endpoint_disabled\)\n$/);
  expect(await jsonOf("disable", "switched", "--events", "hold")).toMatchObject([
    { state: "disabled", held_since: expect.any(String) },
  ]);
  expect((await run(["list", "--state", "paused,disabled"])).stdout).toContain("switched");
  expect((await run(["list", "--state", "healthy,paused"])).stderr).toBe(
    "There are no such endpoints.\n",
  );
  expect((await run(["history", "switched"])).stdout).toMatch(/ disabled, events hold\n/);
  const enabled = await jsonOf("enable", "switched", "--recover", "1h");
  expect(enabled).toMatchObject([{ redelivery: { redelivery_id: expect.any(String) } }]);
});

test("rotate prints the new secret alone on the output; one's own comes from stdin", async () => {
  await run(["create", CRM, "--uid", "signed"]);
  const rotated = await run(["rotate", "signed", "--overlap", "1h"]);
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whsec_\S+=\n$/) });
  expect(rotated.stderr).toContain("sign on for 1h");
  expect((await run(["show", "signed"])).stdout).toMatch(/\nSigned +v1, v1 until 20\S+\n/);
  const own = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const brought = await run(["rotate", "signed", "--secret-stdin", "--json"], { stdin: own });
  expect(jsonLines(brought.stdout)).toEqual([
    { endpoint_id: expect.stringMatching(ID), uid: "signed", signing_secret: own },
  ]);
  expect((await run(["rotate", "signed", "--scheme", "v1a"])).stdout).toMatch(/^whpk_\S+\n$/);
});

test("a sample goes to one endpoint: what it responded is shown, and the exit code says how it was", async () => {
  await run(["create", receiver.url("/good"), "--uid", "good"]);
  await run(["create", receiver.url("/failing"), "--uid", "failing", "--type", "call_completed"]);
  const good = await run(["test", "good", "--event-type", "recording_completed"]);
  expect(good).toMatchObject({ code: 0, stderr: "" });
  expect(good.stdout).toMatch(/^evt_\S+: POST http:\S+\/good: delivered 200 in \d+ ms\n$/);
  const failing = await run(["test", "failing"]);
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(
    /^evt_\S+: POST http:\S+\/failing: failed 503 in \d+ ms\n\ncontent-type: .*\n\n\{\n {2}"error": "busy"\n\}\n$/,
  );
  expect(await jsonOf("test", "failing", "--type", "call_completed")).toMatchObject([
    { attempt: { outcome: { kind: "failed", status_code: 503 } } },
  ]);
});

test("match shows who would get an event, and what speaks against each other endpoint", async () => {
  await platform.subscribe([
    { event_type: "call_completed", callback_url: "https://a1.example.com/own" },
  ]);
  await run([
    "create",
    CRM,
    "--uid",
    "long",
    "--filter",
    '{"data": {"call_duration": {"$gte": 60}}}',
  ]);
  await run(["create", CRM, "--uid", "other", "--agent", "agent-7"]);
  const event = ["match", "--event-type", "call_completed", "--agent", "a1"];
  const untested = await run(event);
  expect(untested.stdout).toMatch(
    /^GETS IT +WHO +WHY +URL\nyes +a1 +subscription +https:\S+\/own\n/,
  );
  expect(untested.stdout).toMatch(
    /\ndepends +long \(ep_\S+\) +its filter: give --data +https:\S+\n/,
  );
  expect(untested.stdout).toMatch(/\nno +other \(ep_\S+\) +agent\n$/);
  const short = await run([...event, "--data", '{"call_duration": 12}']);
  expect(short.stdout).toMatch(/\nno +long \(ep_\S+\) +filter\.data\.call_duration\.\$gte\n/);
  const data = await writeTempFile("data.json", '{"call_duration": 61}');
  expect((await run([...event, "--data", `@${data}`])).stdout).toMatch(/\nyes +long .* endpoint /);
  const stdin = await run([...event, "--data", "@-", "--json"], { stdin: '{"call_duration": 61}' });
  expect(jsonLines(stdin.stdout)).toMatchObject([
    { matches: [{ uid: "long" }], others: [{ uid: "other", because: "agent" }] },
  ]);
  // What the list says by agent and type is the same.
  const list = await jsonOf(
    "list",
    "--agent",
    "a1",
    "--type",
    "recording_completed,call_completed",
  );
  expect(list.map(({ uid }) => uid)).toEqual(["long"]);
});

test("tables fit the terminal, and long values are whole elsewhere", async () => {
  const agents = Array.from({ length: 20 }, (_, n) => `agent-${n}-of-the-north`).join(",");
  const uid = `crm-${"x".repeat(60)}`;
  await run(["create", CRM, "--uid", uid, "--agent", agents, "--description", "d".repeat(200)]);
  const lists = [["list"], ["history", uid], ["match", "--type", "call_started", "--agent", "a1"]];
  for (const args of lists) {
    const { stdout } = await run(args, { columns: 80 });
    for (const row of stdout.trimEnd().split("\n")) expect(row.length).toBeLessThanOrEqual(80);
    const piped = await run(args);
    expect(piped.stdout).not.toContain("…");
  }
});

test("a name that is not there is answered with those that were meant", async () => {
  await run(["create", CRM, "--uid", "archive"]);
  const commands = [
    ["show", "archiv"],
    ["edit", "archiv", "--method", "PUT"],
    ["delete", "archiv"],
    ["pause", "archiv"],
    ["rotate", "archiv"],
    ["test", "archiv"],
    ["history", "archiv"],
  ];
  for (const args of commands) {
    expect(await run(args)).toEqual({
      code: 1,
      stdout: "",
      stderr: "ringback: there is no endpoint 'archiv' in this workspace: did you mean archive?\n",
    });
  }
  await run(["delete", "archive"]);
  expect((await run(["show", "archive"])).stderr).toBe(
    "ringback: there is no endpoint 'archive' in this workspace: `ringback endpoints` lists those that there are\n",
  );
});
