import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordsOf, storeEndpoint } from "../endpoints/stored-endpoints.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { eventually } from "../harness/eventually.ts";
import { settled } from "../harness/settled.ts";
import { CRASH_POINTS, crashEnv, STOPPED, type CrashPoint } from "../system/crash/crash-point.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { arrivals, ORDER, publishCall, TYPES, type Published } from "./call-scene.ts";

failOnLeaks();

/** Two dispatchers, one of which is killed at a step of a call's first event; the others' chains go on. */
type Kill = { readonly point: CrashPoint; readonly attempt: number };

const KILLS: readonly Kill[] = CRASH_POINTS.flatMap((point) =>
  [1, 2].map((attempt) => ({ point, attempt })),
);

const callOf = ({ point, attempt }: Kill): string => `${point.replaceAll(" ", "-")}-${attempt}`;

let platform: Platform;
let receiver: Receiver;
const published = new Map<string, Published[]>();

beforeAll(async () => {
  const stops = KILLS.map((kill) => ({ ...kill, callId: callOf(kill) }));
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-that-dies.ts",
      dispatcherEnv: {
        RETRY_DELAYS: "500ms,500ms",
        ...crashEnv({ stops, deed: { kind: "wait" } }),
      },
    }),
    startReceiver(({ headers }) =>
      status(
        headers["ringback-event-type"] === TYPES[0] && headers["ringback-attempt"] === "1"
          ? 503
          : 200,
      ),
    ),
  ]);
  const [dying] = platform.dispatchers;
  for (const [n, kill] of KILLS.entries()) {
    const url = receiver.url(`/${callOf(kill)}`);
    await storeEndpoint(platform.client, endpointId(n), {
      url,
      agents: [callOf(kill)],
      order: ORDER,
    });
  }
  for (const kill of KILLS) {
    const call = callOf(kill);
    published.set(call, await publishCall(platform, call, { agentId: call }));
  }
  const stopped = () => dying?.logs.filter(({ msg }) => msg === STOPPED).length ?? 0;
  await eventually(() => stopped() >= KILLS.length, { timeoutMs: 20_000 });
  platform.dispatchers.push(await platform.startDispatcher({}, "services/dispatcher/src/main.ts"));
  await dying?.kill();
  await settled(platform.client, { timeoutMs: 90_000 });
}, 180_000);

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Each event's first request, in their order. */
const firstRequests = (got: readonly string[]): string[] => [
  ...new Set(got.map((one) => one.split(" ")[0] ?? "")),
];

describe.each(KILLS)("killed $point of attempt $attempt of a call's first event", (kill) => {
  const call = callOf(kill);

  test("its events arrive in their order, none before the one before it has ended", () => {
    const got = arrivals(receiver, `/${call}`, published.get(call) ?? []);
    expect(firstRequests(got)).toEqual(TYPES);
    const first = got.filter((one) => one.startsWith(`${TYPES[0]} `));
    expect(got.slice(0, first.length)).toEqual(first); // whatever is repeated comes before the second event
  });

  test("each chain of attempts is single and whole, and no record is out of turn", async () => {
    const events = published.get(call) ?? [];
    const records = await Promise.all(events.map((event) => recordsOf(platform.client, event)));
    expect(records.map((chain) => chain.map(({ attempt }) => attempt))).toEqual([
      [1, 2],
      ...TYPES.slice(1).map(() => [1]),
    ]);
    expect(records.flat().filter((record) => record.out_of_turn === true)).toEqual([]);
  });
});
