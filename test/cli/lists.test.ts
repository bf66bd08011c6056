import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { jsonLines, ringback, type RunOptions } from "./run-ringback.ts";

failOnLeaks();

const BUSY = '{"error":"busy","n":9007199254740993}';
const LONG_AGENT = "agent-7-of-the-reminders-of-the-north-4f3c2b1a";
const LONG_CALL = "c-42-9c1d0d8e-aaaa-bbbb-cccc-ddddeeeeffff";

let platform: Platform;
let receiver: Receiver;
let isWell = false;

beforeAll(async () => {
  const busy = { body: BUSY, headers: { "content-type": "application/json", "retry-after": "7" } };
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "50ms", RETRY_AFTER: "ignore" } }),
    startReceiver(byPath({ "/mended": () => (isWell ? status(200) : status(503, busy)) })),
  ]);
  const list = [
    { event_type: "call_completed", callback_url: receiver.url("/ok") },
    { event_type: "recording_completed", callback_url: receiver.url("/mended") },
  ] as const;
  await platform.subscribe(list);
  await platform.subscribe(list, { agentId: LONG_AGENT });
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const run = (args: readonly string[], options?: RunOptions & { workspace?: number }) =>
  ringback(
    args,
    {
      RINGBACK_API_URL: platform.subscriptions.httpUrl(),
      RINGBACK_API_KEY: platform.apiKeys[options?.workspace ?? 0] ?? "",
    },
    options,
  );

const rowsOf = (stdout: string): string[] => stdout.trimEnd().split("\n");

test("agents are listed in columns, or as JSON lines; one of them with its subscriptions", async () => {
  const { code, stdout } = await run(["agents"]);
  expect([code, rowsOf(stdout)[1]]).toEqual([
    0,
    `a1${" ".repeat(46)}a1${" ".repeat(46)}call_completed, recording_completed`,
  ]);
  const json = await run(["agents", "--json"]);
  expect(jsonLines(json.stdout)).toMatchObject([{ agent_id: "a1" }, { agent_id: LONG_AGENT }]);
  expect(await run(["agents"], { workspace: 1 })).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringContaining("There are no agents"),
  });
  const one = await run(["agents", "agent-7…"], { columns: 100 });
  expect(one.stdout).toContain(LONG_AGENT);
  expect(one.stdout).toMatch(/\ncall_completed +POST +http:\S+\/ok\n/);
  expect(await run(["agents", "a…"])).toMatchObject({
    code: 1,
    stderr: `ringback: 'a…' is the beginning of 2 agents: a1, ${LONG_AGENT}\n`,
  });
});

test("a sample is sent to an endpoint: status, headers and body are shown, and the exit code says how it was", async () => {
  const good = await run(["trigger", "call_completed", "--agent", "a1"]);
  expect(good).toMatchObject({ code: 0, stderr: "" });
  expect(good.stdout).toMatch(/^evt_\S+: POST http:\S+\/ok: delivered 200 in \d+ ms\n$/);
  const bad = await run(["trigger", "recording_completed", "--agent", "a1"]);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^evt_\S+: POST http:\S+\/mended: failed 503 in \d+ ms\n\n/);
  expect(bad.stdout.split("\n").slice(2)).toEqual([
    "content-type: application/json",
    "retry-after: 7",
    "",
    "{",
    '  "error": "busy",',
    '  "n": 9007199254740993',
    "}",
    "",
  ]);
  const json = await run(["trigger", "recording_completed", "--agent", "a1", "--json"]);
  const [attempt] = jsonLines(json.stdout);
  expect(attempt).toMatchObject({ attempt: { outcome: { kind: "failed", status_code: 503 } } });
  expect(await run(["trigger", "call_completed", "--agent", "a9"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "ringback: there is no agent 'a9' in this workspace: did you mean a1?\n",
  });
  expect(await run(["trigger", "call_complete", "--agent", "a1"])).toMatchObject({
    code: 2,
    stderr:
      "ringback: 'call_complete' is no event type of this workspace: did you mean call_completed?\n",
  });
});

test("what was given up is seen from every side, and delivered again with one command", async () => {
  const since = new Date().toISOString();
  const calls = ["d1", "d2", LONG_CALL];
  for (const callId of calls) {
    const agentId = LONG_AGENT;
    await platform.publish({ callId, agentId, eventType: "recording_completed" });
  }
  await platform.publish({ callId: "ok1", agentId: LONG_AGENT });
  const dead = ["--agent", LONG_AGENT, "--since", since];
  await eventually(async () => {
    const { stdout } = await run(["dead-letters", ...dead, "--json"]);
    expect(new Set(jsonLines(stdout).map((one) => one["call_id"]))).toEqual(new Set(calls));
  });

  // Not a terminal: whole values and times of RFC 3339, for `awk` and the like.
  const piped = await run(["events", ...dead, "--status", "dead_lettered"]);
  expect(rowsOf(piped.stdout)[0]).toMatch(/^STORED +EVENT +TYPE +AGENT +CALL +STATUS$/);
  const [storedAt, eventId = "", ...rest] = rowsOf(piped.stdout)[1]?.split(/\s+/) ?? [];
  expect(storedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(rest).toEqual(["recording_completed", LONG_AGENT, LONG_CALL, "dead_lettered"]);

  for (const list of ["events", "attempts", "dead-letters"]) {
    const { stdout, stderr } = await run([list, ...dead, "--utc"], { columns: 100 });
    expect(rowsOf(stdout).length).toBeGreaterThanOrEqual(4);
    for (const row of rowsOf(stdout)) expect(row.length).toBeLessThanOrEqual(100);
    const day = new Date().toUTCString().slice(5, 7);
    expect(rowsOf(stdout)[1]).toMatch(
      new RegExp(`^[A-Z][a-z]{2} ${day} \\d\\d:\\d\\d:\\d\\d  evt_\\w+_\\d+ `),
    );
    expect(stdout).toContain("agent-7-");
    expect(stderr).toBe("… stands for the rest: --wide shows all of it\n");
    const wide = await run([list, ...dead, "--wide"], { columns: 100 });
    expect(wide.stdout).toContain(LONG_AGENT);
    expect(wide.stdout).toContain("recording_completed");
  }

  const one = await run(["events", eventId]);
  expect(one.stdout).toMatch(/^Event +evt_\S+\nType +recording_completed\nAgent +agent-7\S+\n/);
  expect(one.stdout).toMatch(/\nStatus +dead_lettered\nDead letter +exhausted, 20\S+: \S.+\n/);
  expect(one.stdout).toMatch(
    /\n1 +20\S+Z +event +503 +\d+ ms +POST http:\S+\/mended +retry 20\S+\n/,
  );
  expect(one.stdout).toMatch(
    /\n2 +20\S+Z +retry +503 +\d+ ms +POST http:\S+\/mended +dead letter\n/,
  );
  expect(one.stdout).toContain('retry-after: 7\n\n{\n  "error": "busy",');
  const raw = await run(["events", eventId, "--json"]);
  expect(jsonLines(raw.stdout)).toMatchObject([{ event_id: eventId, attempt_count: 2 }]);

  const attempts = await run(["attempts", "--event", eventId, "--json"]);
  expect(jsonLines(attempts.stdout)).toMatchObject([
    { event_id: eventId, attempt: 2, outcome: { status_code: 503 } },
    { event_id: eventId, attempt: 1 },
  ]);
  const failed = await run(["attempts", ...dead, "--status", "failed", "--reason", "status"]);
  expect(rowsOf(failed.stdout)).toHaveLength(7);
  const delivered = await run(["attempts", ...dead, "--status", "delivered"]);
  expect(rowsOf(delivered.stdout)[1]).toMatch(/ 1 +event +200 +\d+ ms +http:\S+\/ok$/);

  const dry = await run(["redeliver", "--dry-run", ...dead]);
  expect(rowsOf(dry.stdout)).toHaveLength(4);
  expect(dry.stderr).toMatch(/^It would redeliver 3 events, .*Nothing was delivered: --dry-run\n$/);
  expect(jsonLines((await run(["redeliver", "--dry-run", ...dead, "--json"])).stdout)).toHaveLength(
    3,
  );
  const all = await run(["redeliver", "--dry-run", ...dead, "--status", "all"]);
  expect(all.stderr).toContain("It would redeliver 4 events");
  const named = await run(["redeliver", "--dry-run", eventId]);
  expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining("dead_lettered") });
  expect(receiver.requestsTo("/mended").filter(isOf(eventId))).toHaveLength(2);

  isWell = true;
  const again = await run(["redeliver", "--status", "dead_lettered", "--watch", ...dead]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).toMatch(/ done: 3 of 3 sent, 3 delivered, 0 failed, 0 under way\n$/);
  const once = await run(["redeliver", eventId, "--json"]);
  expect(jsonLines(once.stdout)).toMatchObject([{ event_id: eventId }]);
});

const isOf =
  (eventId: string) =>
  ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): boolean =>
    headers["webhook-id"] === eventId;

test("what is not there is said in one line, with what to do", async () => {
  for (const args of [["events"], ["payload"], ["redeliver"], ["attempts", "--event"]]) {
    const unknown = await run([...args, "evt_1_1"]);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toMatch(
      /^ringback: [^\n]+ \(404 event_not_found\): `ringback events` lists [^\n]+\n$/,
    );
    const call = await run([...args, "c-42"]);
    expect(call).toMatchObject({ code: 2, stdout: "" });
    expect(call.stderr).toMatch(/^ringback: 'c-42' is no event's id such as evt_[^\n]+\n$/);
  }
  expect(await run(["events", "--agent", "a2"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "ringback: there is no agent 'a2' in this workspace: did you mean a1?\n",
  });
  expect(await run(["attempts", "--agent", "a1", "--call", "none"])).toEqual({
    code: 0,
    stdout: "",
    stderr: "There are no such attempts.\n",
  });
  const wrong = await run(["events", "--key", "rb_no_such"]);
  expect(wrong).toMatchObject({ code: 1, stdout: "" });
  expect(wrong.stderr).toMatch(
    /^ringback: [^\n]+ \(401 unauthorized\): check RINGBACK_API_KEY[^\n]+\n$/,
  );
});
