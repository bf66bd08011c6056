import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import {
  HANGING_WORKSPACES,
  setHangingScene,
  timeToHealthy,
  type HangingScene,
} from "./hanging-scene.ts";

failOnLeaks();

const [WORKSPACE] = HANGING_WORKSPACES;

let scene: HangingScene;

beforeAll(async () => {
  scene = await setHangingScene(WORKSPACE);
});

afterAll(() => scene.stop());

test("endpoints that hang, more than would fill a dispatcher, hold up no endpoint of the same workspace", async () => {
  const tookMs = await timeToHealthy(scene, WORKSPACE);
  expect(tookMs[Math.floor(tookMs.length * 0.99)]).toBeLessThan(1_000);
  expect(scene.hangingRequests().every(({ closedAtMs }) => closedAtMs === null)).toBe(true);
});
