import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import type { LogLine } from "../../harness/process/output-lines.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import type { Stop } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";
import { startStoppingScene, type StoppingScene } from "./stopping-scene.ts";

failOnLeaks();

/** What each of them does next is to store something. */
const STOPS = [
  { callId: "record", attempt: 1, point: "after the answer" },
  { callId: "schedule", attempt: 1, point: "after the attempt record" },
  { callId: "dead-letter", attempt: 2, point: "after the attempt record" },
] as const satisfies readonly Stop[];

const script: Script = ({ path, headers }) =>
  status(path === "/dead-letter" || headers["ringback-attempt"] === "1" ? 500 : 200);

let scene: StoppingScene;

beforeAll(async () => {
  scene = await startStoppingScene(STOPS, script, { RETRY_DELAYS: "1s" });
});

afterAll(() => scene.stop());

const retrying =
  (stream: string) =>
  (line: LogLine): boolean =>
    line["msg"] === "publish.retrying" && line["stream"] === stream;

test("what is stored without an answer in time is stored once, and nobody takes it for another's", async () => {
  const { platform, receiver, dispatcher } = scene;
  const calls = STOPS.map(({ callId }) => callId);
  const events = await Promise.all(calls.map((callId) => scene.publish(callId)));
  await scene.stopped(...calls);
  // A server that stands still reads it all later, the first tries and the second ones.
  await standStill(platform.server.pid);
  dispatcher.signal("SIGCONT");
  await Promise.all(
    ["ATTEMPTS", "RETRIES"].map((stream) => dispatcher.waitForLog(retrying(stream))),
  );
  process.kill(platform.server.pid, "SIGCONT");
  await settled(platform.client, { timeoutMs: 60_000 });

  expect(dispatcher.logs.filter(({ msg }) => msg === "delivery.superseded")).toEqual([]);
  const requested = calls.map((callId) =>
    receiver.requestsTo(`/${callId}`).map((r) => r.headers["ringback-attempt"]),
  );
  expect(requested).toEqual(STOPS.map(() => ["1", "2"]));
  const records = await Promise.all(events.map((event) => platform.attemptsOf(event)));
  const recorded = records.map((ofOne) => ofOne.map(({ attempt }) => attempt));
  expect(recorded).toEqual(STOPS.map(() => [1, 2]));
  expect((await platform.deadLetters()).map(({ reason }) => reason)).toEqual(["exhausted"]);
}, 180_000);
