import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BASE_PATH } from "../../services/subscriptions/src/http/api.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { RUNBOOKS } from "./mixin.ts";

failOnLeaks();

const run = promisify(execFile);

const WORKSPACES = ["w1", "w2", "w3", "w4", "w5"] as const;

const SINCE = "2026-01-01T00:00:00Z";

/** The block of the runbooks, with pages of two workspaces instead of 100. */
const block = (since: string): string => {
  const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
  const [, sh = ""] = /## Deliver again[^]*?```sh\n([^]*?)```/.exec(list) ?? [];
  const [forward = "", ...rest] = sh.split("\n");
  expect(forward).toMatch(/^kubectl .* port-forward .* & api=\S+$/);
  expect(rest.join("\n")).toContain("limit=100");
  expect(rest.join("\n")).toContain(`since=${SINCE}`);
  return rest.join("\n").replace("limit=100", "limit=2").replace(SINCE, since);
};

let platform: Platform;
let receiver: Receiver;
let isAway = true;

beforeAll(async () => {
  receiver = await startReceiver(() => status(isAway ? 503 : 200));
  platform = await startPlatform({
    workspaces: WORKSPACES,
    keys: [{ workspaceId: "*", scopes: ["read", "write"] }],
    dispatcherEnv: { RETRY_DELAYS: "none" },
  });
});
afterAll(async () => {
  await platform?.stop();
  await receiver?.stop();
});

/** What the block prints, as a shell runs it against the API, with the operator's key or another. */
const deliverAgain = async (
  key = platform.apiKeys.at(-1) ?? "",
  since = SINCE,
): Promise<string> => {
  const api = platform.subscriptions.httpUrl(BASE_PATH);
  const env = { PATH: process.env["PATH"], OPERATOR_KEY: key, api };
  const { stdout } = await run("bash", ["--norc", "-uc", block(since)], { env, timeout: 45_000 });
  return stdout;
};

const delivered = (): string[] =>
  receiver.requests.map(({ path }) => path).filter((path) => path.startsWith("/w"));

const jobsIn = (printed: string): readonly string[] =>
  [...printed.matchAll(/"redelivery_id":"([^"]+)"/g)].map(([, id = ""]) => id);

test("the runbooks' loop delivers again what every workspace's events missed, once, whatever number of pages they fill", async () => {
  for (const workspaceId of WORKSPACES) {
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url(`/${workspaceId}`) }],
      { workspaceId },
    );
    await platform.publish({ workspaceId, callId: "c1" });
  }
  await eventually(async () => expect(await platform.deadLetters()).toHaveLength(5));
  await eventually(async () => {
    for (const workspaceId of WORKSPACES) {
      const path = "/events?status=dead_lettered";
      const { body } = await platform.api("GET", path, undefined, workspaceId);
      expect((body as { events: unknown[] }).events).toHaveLength(1);
    }
  });
  isAway = false;

  const jobs = jobsIn(await deliverAgain());
  expect(new Set(jobs).size).toBe(5);
  await eventually(() => expect(delivered()).toHaveLength(10));

  expect(jobsIn(await deliverAgain())).toEqual(jobs);
  expect(delivered().toSorted()).toEqual(WORKSPACES.flatMap((one) => [`/${one}`, `/${one}`]));
});

/** How many events the job of the first workspace has found. */
const foundSince = async (since: string): Promise<unknown> => {
  const [job] = jobsIn(await deliverAgain(undefined, since));
  return eventually(async () => {
    const { body } = await platform.api("GET", `/redeliveries/${job}`, undefined, WORKSPACES[0]);
    const { state, found } = body as { state: string; found: number | null };
    return state === "done" ? { found } : null;
  });
};

test("an event that was stored before the outage is found by its time and not by that of its dead letter, as the runbook says", async () => {
  const [workspaceId] = WORKSPACES;
  isAway = true;
  const late = receiver.url("/late");
  const delivery = { retry_delays: ["3s"] };
  await platform.subscribe([{ event_type: "recording_completed", callback_url: late, delivery }], {
    workspaceId,
  });
  await platform.publish({ workspaceId, callId: "c2", eventType: "recording_completed" });
  await eventually(() => expect(receiver.requests.at(-1)?.path).toBe("/late"));
  const outageMs = Date.now();
  await eventually(async () => {
    const path = "/events?status=dead_lettered";
    const { body } = await platform.api("GET", path, undefined, workspaceId);
    expect((body as { events: unknown[] }).events).toHaveLength(1);
  });
  isAway = false;

  expect(await foundSince(new Date(outageMs).toISOString())).toEqual({ found: 0 });
  expect(await foundSince(new Date(outageMs - 3_600_000).toISOString())).toEqual({ found: 1 });
});

test("with a workspace's own key the loop says why it does nothing, and ends", async () => {
  const printed = await deliverAgain(platform.apiKeys[0]);
  expect(printed).toContain("operator_required");
  expect(jobsIn(printed)).toEqual([]);
});
