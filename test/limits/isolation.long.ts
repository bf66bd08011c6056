import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import {
  HANGING_WORKSPACES,
  setHangingScene,
  timeToHealthy,
  type HangingScene,
} from "./hanging-scene.ts";

failOnLeaks();

describe.each([
  ["another workspace", "another"],
  ["the same workspace", HANGING_WORKSPACES[0]],
])("endpoints that hang, more than would fill a dispatcher,", (whose, workspaceId) => {
  let scene: HangingScene;

  beforeAll(async () => {
    scene = await setHangingScene(workspaceId);
  });

  afterAll(() => scene.stop());

  test(`delay no endpoint of ${whose} under a steady load`, async () => {
    const tookMs = await timeToHealthy(scene, workspaceId);
    expect(tookMs[Math.floor(tookMs.length * 0.99)]).toBeLessThan(1_000);
    expect(scene.hangingRequests().every(({ closedAtMs }) => closedAtMs === null)).toBe(true);
  });
});
