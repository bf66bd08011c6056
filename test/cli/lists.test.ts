import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { ringback } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let isWell = false;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "50ms" } }),
    startReceiver(byPath({ "/mended": () => status(isWell ? 200 : 503) })),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/ok") },
    { event_type: "recording_completed", callback_url: receiver.url("/mended") },
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const run = (args: readonly string[], workspace = 0) =>
  ringback(args, {
    RINGBACK_API_URL: platform.subscriptions.httpUrl(),
    RINGBACK_API_KEY: platform.apiKeys[workspace] ?? "",
  });

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("agents are listed in columns, or as JSON lines", async () => {
  const { code, stdout } = await run(["agents"]);
  expect([code, stdout]).toEqual([
    0,
    "AGENT  NAME  SUBSCRIBES\na1     a1    call_completed, recording_completed\n",
  ]);
  const json = await run(["agents", "--json"]);
  expect(jsonLines(json.stdout)).toMatchObject([{ agent_id: "a1" }]);
  expect(await run(["agents"], 1)).toEqual({
    code: 0,
    stdout: "",
    stderr: "There are no agents.\n",
  });
});

test("a sample is sent to an endpoint, and the exit code says whether it was delivered", async () => {
  const good = await run(["trigger", "call_completed", "--agent", "a1"]);
  expect(good).toMatchObject({ code: 0, stderr: "" });
  expect(good.stdout).toMatch(/^evt_\S+: POST http:\S+\/ok: delivered 200 in \d+ ms\n$/);
  const bad = await run(["trigger", "recording_completed", "--agent", "a1", "--json"]);
  expect(bad.code).toBe(1);
  const [answer] = jsonLines(bad.stdout);
  expect(answer).toMatchObject({ attempt: { outcome: { kind: "failed", status_code: 503 } } });
  const none = await run(["trigger", "call_completed", "--agent", "a9"]);
  expect(none).toMatchObject({ code: 1, stdout: "" });
  expect(none.stderr).toContain("There is no agent 'a9' in this workspace. (404 agent_not_found)");
});

test("events are listed with what became of them, and all dead letters delivered again with one command", async () => {
  const since = new Date().toISOString();
  const calls = ["d1", "d2", "d3"];
  for (const callId of calls) await platform.publish({ callId, eventType: "recording_completed" });
  await platform.publish({ callId: "ok1" });
  const dead = ["events", "--status", "dead_lettered", "--since", since];
  await eventually(async () => {
    const { stdout } = await run([...dead, "--json"]);
    expect(jsonLines(stdout).map((one) => one["call_id"])).toEqual(calls.toReversed());
  });
  const { stdout } = await run(dead);
  const [heading, ...rows] = stdout.trimEnd().split("\n");
  expect(heading).toMatch(/^STORED +EVENT +TYPE +AGENT +CALL +STATUS$/);
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatch(/evt_\S+ +recording_completed +a1 +d3 +dead_lettered$/);

  isWell = true;
  const again = await run(["redeliver", "--since", since, "--status", "dead_lettered", "--watch"]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).toMatch(/ done: 3 of 3 sent, 3 delivered, 0 failed, 0 under way\n$/);
  const one = rows[0]?.split(/\s+/)[1] ?? "";
  const named = await run(["redeliver", one, "--json"]);
  expect(jsonLines(named.stdout)).toMatchObject([{ event_id: one }]);
  const unknown = await run(["redeliver", "evt_1_1"]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("event_not_found");
});
