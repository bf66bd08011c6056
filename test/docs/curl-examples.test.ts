import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiDocument } from "../../services/subscriptions/src/http/openapi/tidy.ts";
import { BASE_PATH } from "../../services/subscriptions/src/http/api.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { answerCheck, type AnswerCheck } from "./documented-answers.ts";
import { type RecordingProxy, startRecordingProxy } from "./recording-proxy.ts";
import { apiBlocks, inThisStack } from "./sh-blocks.ts";

failOnLeaks();

const ROOT = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const run = promisify(execFile);

// README.md's commands need `make up`, and have a test of their own.
const documents = [".", "docs", "docs/api"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .map((name) => join(folder, name)),
);
const files = documents
  .map((file) => ({ file, blocks: apiBlocks(file, read(file)) }))
  .filter(({ blocks }) => blocks.length > 0);

// Each document has a workspace of its own, so that none depends on another.
const workspaceOf = (file: string): string => file.replaceAll(/[^A-Za-z0-9]/g, "-");

let platform: Platform;
let receiver: Receiver;
let proxy: RecordingProxy;
let problemOf: AnswerCheck;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => status(path.startsWith("/archive") ? 503 : 200));
  platform = await startPlatform({
    workspaces: files.map(({ file }) => workspaceOf(file)),
    env: { PORTAL_ORIGIN: "https://webhooks.example.com" },
    dispatcherEnv: { RETRY_DELAYS: "none" },
  });
  proxy = await startRecordingProxy(platform.subscriptions.httpUrl("/"));
  problemOf = answerCheck(JSON.parse(read("docs/openapi.json")) as ApiDocument);
});
afterAll(async () => {
  await proxy?.stop();
  await platform?.stop();
  await receiver?.stop();
});

/** What examples may count on (CONTRIBUTING.md): an agent whose call has one event delivered and one given up. */
const prepare = async (workspaceId: string): Promise<Record<string, string>> => {
  const agentId = "agent-7";
  const agent = { agent_id: agentId, agent_display_name: "Reminder calls" };
  await platform.api("POST", "/agent/v1", agent, workspaceId);
  await platform.subscribe(
    [
      { event_type: "call_completed", callback_url: receiver.url("/calls") },
      { event_type: "recording_completed", callback_url: receiver.url("/archive") },
    ],
    { agentId, workspaceId },
  );
  const at = { workspaceId, agentId, callId: "c-42" };
  const delivered = await platform.publish({ ...at, eventType: "call_completed" });
  const givenUp = await platform.publish({ ...at, eventType: "recording_completed" });
  const [[first], [second]] = await Promise.all([
    platform.attempted(delivered, 1),
    platform.attempted(givenUp, 1),
  ]);
  await eventually(async () => {
    const letters = await platform.deadLetters();
    if (letters.every((letter) => letter.event_seq !== givenUp.seq)) throw new Error("not yet");
  });
  return { event_id: first?.event_id ?? "", dead_event_id: second?.event_id ?? "" };
};

/** How a shell ends that stops at the first command which fails, or at a variable that nothing has set. */
const endOf = async (script: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const told = `trap 'code=$?; test $code -eq 0 || echo "$place: exit code $code" >&2' EXIT\n${script}`;
  try {
    await run("bash", ["--norc", "-euc", told], { cwd: ROOT, env, timeout: 45_000 });
    return "well";
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return stderr === "" ? String(error) : stderr;
  }
};

test.each(files)(
  "the examples of $file run as they stand, and are answered as the document says",
  async ({ file, blocks }) => {
    const workspace = workspaceOf(file);
    const variables = await prepare(workspace);
    const label = (n: number): string => `${workspace}.${n}`;
    const script = blocks.flatMap(({ code, place }, n) => [
      `place=${place} api=${proxy.origin(label(n))}${BASE_PATH}`,
      inThisStack(code, receiver.url("")),
    ]);
    const KEY = platform.apiKeys[files.findIndex((one) => one.file === file)] ?? "";
    const ended = await endOf(script.join("\n"), { PATH: process.env["PATH"], KEY, ...variables });
    const wrong = blocks.flatMap(({ place, expected }, n) => {
      const calls = proxy.calls.filter((call) => call.label === label(n));
      if (calls.length === 0) return [`${place}: made no call`];
      const statuses = calls.map((call) => call.status);
      return [
        ...calls
          .filter((call) => call.status >= 400 && !expected.includes(call.status))
          .map((call) => `${place}: ${call.method} ${call.path} → ${call.status} ${call.body}`),
        ...expected
          .filter((one) => !statuses.includes(one))
          .map((one) => `${place}: says # → ${one}, got ${statuses.join(", ")}`),
        ...calls.flatMap((call) => problemOf(call) ?? []).map((problem) => `${place}: ${problem}`),
      ];
    });
    expect({ wrong, ended }).toEqual({ wrong: [], ended: "well" });
  },
);
