import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import {
  deferrals,
  ENDPOINT_MAX_IN_FLIGHT,
  HANGING_EVENTS,
  MAX_IN_FLIGHT,
  putOffFromHealthy,
  setHangingScene,
  type HangingScene,
} from "./hanging-scene.ts";
import { mostOpenAtOnce } from "./open-at-once.ts";

failOnLeaks();

let scene: HangingScene;

beforeAll(async () => {
  scene = await setHangingScene("another");
});

afterAll(() => scene.stop());

test("endpoints that hang, more than would fill a dispatcher, hold up no other workspace's endpoint", async () => {
  expect(await putOffFromHealthy(scene, "another")).toBe(0);
  expect(scene.hangingRequests().every(({ closedAtMs }) => closedAtMs === null)).toBe(true);
});

test("no endpoint has more requests open than it may, nor have all together", () => {
  const each = scene.hanging.map(({ requests }) => mostOpenAtOnce(requests));
  expect(Math.max(...each)).toBe(ENDPOINT_MAX_IN_FLIGHT);
  const all = [...scene.hangingRequests(), ...scene.healthy.requests];
  expect(mostOpenAtOnce(all)).toBeLessThanOrEqual(MAX_IN_FLIGHT);
});

test("deliveries that are put off are counted as such, and not as attempts", async () => {
  const open = scene.hangingRequests().length;
  expect(await deferrals(scene.platform)).toBeGreaterThanOrEqual(HANGING_EVENTS - open);
  await eventually(async () => {
    const metrics = await scene.platform.dispatchers[0]?.metrics();
    expect(metrics?.value("ringback_attempts_in_flight")).toBe(open);
    expect(metrics?.value("ringback_attempts_total")).toBe(scene.healthy.requests.length);
  });
});
