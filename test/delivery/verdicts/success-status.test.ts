import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byPath, status } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { deliverTo, ended, story } from "../deliveries.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const codes = [200, 201, 202, 204, 299, 301, 404, 500];
  const scripts = Object.fromEntries(codes.map((code) => [`/${code}`, status(code)]));
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatchers: 0, dispatcherEnv: { RETRY_DELAYS: "300ms" } }),
    startReceiver(byPath(scripts)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

describe.each([
  { setting: "2xx", good: [200, 201, 202, 204, 299], bad: [301, 404, 500] },
  { setting: "200,202", good: [200, 202], bad: [201, 204, 404] },
])("SUCCESS_STATUS=$setting", ({ setting, good, bad }) => {
  let dispatcher: ServiceProcess;

  beforeAll(async () => {
    dispatcher = await platform.startDispatcher({ SUCCESS_STATUS: setting });
  });

  afterAll(async () => {
    await dispatcher.stop();
  });

  test.concurrent.each(good)("%i acknowledges an event", async (code) => {
    const event = await deliverTo(platform, receiver.url(`/${code}`));
    expect(story(await ended(platform, event))).toEqual([`1: delivered ${code}, done`]);
  });

  test.concurrent.each(bad)("%i is a failure", async (code) => {
    const event = await deliverTo(platform, receiver.url(`/${code}`));
    expect(story(await ended(platform, event))).toEqual([
      `1: status ${code}, retry`,
      `2: status ${code}, dead_letter`,
    ]);
  });
});
