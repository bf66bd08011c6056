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

/** The block of the runbooks, with pages of two workspaces instead of 100. */
const block = (): string => {
  const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
  const [, sh = ""] = /## Deliver again[^]*?```sh\n([^]*?)```/.exec(list) ?? [];
  const [forward = "", ...rest] = sh.split("\n");
  expect(forward).toMatch(/^kubectl .* port-forward .* & api=\S+$/);
  expect(rest.join("\n")).toContain("limit=100");
  return rest.join("\n").replace("limit=100", "limit=2");
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
const deliverAgain = async (key = platform.apiKeys.at(-1) ?? ""): Promise<string> => {
  const api = platform.subscriptions.httpUrl(BASE_PATH);
  const env = { PATH: process.env["PATH"], OPERATOR_KEY: key, api };
  const { stdout } = await run("bash", ["--norc", "-uc", block()], { env, timeout: 45_000 });
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

test("with a workspace's own key the loop says why it does nothing, and ends", async () => {
  const printed = await deliverAgain(platform.apiKeys[0]);
  expect(printed).toContain("operator_required");
  expect(jobsIn(printed)).toEqual([]);
});
