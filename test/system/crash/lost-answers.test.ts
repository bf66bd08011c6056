import { afterAll, beforeAll, expect, it } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import type { LogLine } from "../../harness/process/output-lines.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import { crashEnv, STOPPED, type Stop } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

/** What each of them does next is to store something. */
const STOPS = [
  { callId: "record", attempt: 1, point: "after the answer" },
  { callId: "schedule", attempt: 1, point: "after the attempt record" },
  { callId: "dead-letter", attempt: 2, point: "after the attempt record" },
] as const satisfies readonly Stop[];

const script: Script = ({ path, headers }) =>
  status(path === "/dead-letter" || headers["ringback-attempt"] === "1" ? 500 : 200);

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-that-dies.ts",
      dispatcherEnv: {
        RETRY_DELAYS: "1s",
        ...crashEnv({ stops: STOPS, deed: { kind: "wait" } }),
      },
    }),
    startReceiver(script),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const publish = async (callId: string) => {
  const url = receiver.url(`/${callId}`);
  await platform.subscribe([{ event_type: "call_completed", callback_url: url }], {
    agentId: callId,
  });
  return platform.publish({ callId, agentId: callId });
};

const retrying =
  (stream: string) =>
  (line: LogLine): boolean =>
    line["msg"] === "publish.retrying" && line["stream"] === stream;

it("what is stored without an answer in time is stored once, and nobody takes it for another's", async () => {
  const dispatcher = platform.dispatchers[0]!;
  const events = await Promise.all(STOPS.map(({ callId }) => publish(callId)));
  for (const { callId } of STOPS) {
    await dispatcher.waitForLog((line) => line["msg"] === STOPPED && line["call_id"] === callId);
  }
  // A server that stands still reads it all later, the first tries and the second ones.
  await standStill(platform.server.pid);
  dispatcher.signal("SIGCONT");
  await Promise.all(
    ["ATTEMPTS", "RETRIES"].map((stream) => dispatcher.waitForLog(retrying(stream))),
  );
  process.kill(platform.server.pid, "SIGCONT");
  await settled(platform.client, { timeoutMs: 60_000 });

  expect(dispatcher.logs.filter(({ msg }) => msg === "delivery.superseded")).toEqual([]);
  const requested = STOPS.map(({ callId }) =>
    receiver.requestsTo(`/${callId}`).map((r) => r.headers["ringback-attempt"]),
  );
  expect(requested).toEqual(STOPS.map(() => ["1", "2"]));
  const records = await Promise.all(events.map((event) => platform.attemptsOf(event)));
  const recorded = records.map((ofOne) => ofOne.map(({ attempt }) => attempt));
  expect(recorded).toEqual(STOPS.map(() => [1, 2]));
  expect((await platform.deadLetters()).map(({ reason }) => reason)).toEqual(["exhausted"]);
}, 180_000);
