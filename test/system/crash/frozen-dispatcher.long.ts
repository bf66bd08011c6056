import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import type { Stop } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";
import { startStoppingScene, type StoppingScene } from "./stopping-scene.ts";

failOnLeaks();

/** The last delay is long enough for the frozen one to come back and do its worst meanwhile. */
const SETTINGS = { RETRY_DELAYS: "1s,1s,10s", RETRY_JITTER: "0" };

const STOPS: readonly Stop[] = [
  { callId: "one-behind", attempt: 2, point: "after the attempt record" },
  { callId: "two-behind", attempt: 1, point: "after the attempt record" },
  { callId: "in-flight", attempt: 1, point: "after the answer" },
];

/** Three attempts fail; the one that is caught in flight succeeds. */
const script: Script = ({ path, headers }) =>
  status(path === "/in-flight" || headers["ringback-attempt"] === "4" ? 200 : 500);

let scene: StoppingScene;
let events: Map<string, Awaited<ReturnType<StoppingScene["publish"]>>>;

beforeAll(async () => {
  scene = await startStoppingScene(STOPS, script, SETTINGS);
  const { platform, dispatcher: frozen } = scene;
  const calls = STOPS.map(({ callId }) => callId);
  events = new Map(
    await Promise.all(calls.map(async (callId) => [callId, await scene.publish(callId)] as const)),
  );
  await scene.stopped(...calls);
  frozen.signal("SIGSTOP");
  await scene.startAnother();
  // The broker gives the work to the other one, which brings it as far as the long delay.
  await Promise.all([
    platform.attempted(events.get("one-behind")!, 3, 30_000),
    platform.attempted(events.get("two-behind")!, 3, 30_000),
    platform.attempted(events.get("in-flight")!, 1, 30_000),
  ]);
  // A server that is started anew remembers no message ids but those of what is still stored.
  await platform.server.restart();
  frozen.signal("SIGCONT");
  await platform.client.reconnected();
  await settled(platform.client, { timeoutMs: 60_000 });
}, 120_000);

afterAll(() => scene.stop());

test.each(["one-behind", "two-behind"])(
  "a retry that a frozen dispatcher schedules late takes no later one's place: %s",
  async (callId) => {
    const { platform, receiver } = scene;
    const records = await platform.attemptsOf(events.get(callId)!);
    expect(records.map(({ attempt, next }) => [attempt, next.kind])).toEqual([
      [1, "retry"],
      [2, "retry"],
      [3, "retry"],
      [4, "done"],
    ]);
    const attempts = receiver.requestsTo(`/${callId}`).map((r) => r.headers["ringback-attempt"]);
    expect(attempts).toEqual(["1", "2", "3", "4"]);
    const third = records[2]!.next;
    const dueMs = third.kind === "retry" ? Date.parse(third.at) : Infinity;
    expect(receiver.requestsTo(`/${callId}`)[3]!.atMs).toBeGreaterThanOrEqual(dueMs);
  },
);

test("an attempt that a frozen dispatcher reports late is dropped, as another has recorded it", async () => {
  const { platform, receiver, dispatcher } = scene;
  expect(await platform.attemptsOf(events.get("in-flight")!)).toHaveLength(1);
  expect(receiver.requestsTo("/in-flight")).toHaveLength(2);
  const logged = dispatcher.logs.map(({ msg, call_id }) => [msg, call_id]);
  expect(logged).toContainEqual(["delivery.superseded", "in-flight"]);
});
