import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byPath, inTurn, status, type Script } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { deliverTo, ended, story } from "../deliveries.ts";

failOnLeaks();

const ANSWERS = [400, 401, 404, 410, 418, 429, 500, 502, 503, 201, 202, 204, 206, 304, 599];
const REDIRECTS = [301, 302, 303, 307, 308];

let platform: Platform;
let receiver: Receiver;
let target: Receiver;

beforeAll(async () => {
  [platform, receiver, target] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "300ms", DELIVERY_TIMEOUT: "5s" } }),
    startReceiver(),
    startReceiver(),
  ]);
  const scripts: Record<string, Script> = {};
  for (const code of ANSWERS) scripts[`/${code}`] = inTurn(status(code), status(200));
  const headers = { location: target.url("/target") };
  for (const code of REDIRECTS) {
    scripts[`/${code}`] = inTurn(status(code, { headers }), status(200));
  }
  receiver.setScript(byPath(scripts));
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop(), target.stop()]);
});

const isSettled = async (seq: number): Promise<boolean> => {
  const { ack_floor, num_ack_pending } = await platform.client.jsm.consumers.info(
    "EVENTS",
    "dispatcher",
  );
  return ack_floor.stream_seq >= seq && num_ack_pending === 0;
};

test("200 acknowledges the event: it is recorded as delivered, and nothing waits any more", async () => {
  const event = await deliverTo(platform, receiver.url("/ok"));
  expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
  await eventually(() => isSettled(event.seq));
  const { state } = await platform.client.jsm.streams.info("RETRIES");
  expect(state.messages).toBe(0);
  expect(await platform.deadLetters()).toEqual([]);
  expect(receiver.requestsTo("/ok")).toHaveLength(1);
});

test("a failure acknowledges the event too: its retry waits on RETRIES, and is gone when it is done", async () => {
  const event = await deliverTo(platform, receiver.url("/400"));
  const [first] = await platform.attempted(event, 1);
  await eventually(() => isSettled(event.seq));
  expect(first?.next.kind).toBe("retry");
  await ended(platform, event);
  await eventually(async () => {
    const { state } = await platform.client.jsm.streams.info("RETRIES");
    return state.messages === 0;
  });
});

describe("any other status", () => {
  test.concurrent.each(ANSWERS.slice(1))("%i fails and is tried again", async (code) => {
    const event = await deliverTo(platform, receiver.url(`/${code}`));
    const records = await ended(platform, event);
    expect(story(records)).toEqual([`1: status ${code}, retry`, "2: delivered 200, done"]);
    expect(receiver.requestsTo(`/${code}`)).toHaveLength(2);
  });
});

describe("a redirect", () => {
  test.concurrent.each(REDIRECTS)(
    "%i fails and is tried again at the subscribed URL",
    async (code) => {
      const event = await deliverTo(platform, receiver.url(`/${code}`));
      const records = await ended(platform, event);
      expect(story(records)).toEqual([`1: status ${code}, retry`, "2: delivered 200, done"]);
    },
  );

  test("its target has not seen a single connection", () => {
    expect(
      receiver.requests.filter(({ path }) => REDIRECTS.includes(Number(path.slice(1)))),
    ).toHaveLength(2 * REDIRECTS.length);
    expect(target.connections).toBe(0);
  });
});
