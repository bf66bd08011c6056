import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { CHAINS } from "./chains.ts";
import {
  endOf,
  requestsAfterDispatcherDied,
  setCrashScene,
  wholeChain,
  type CrashScene,
} from "./crash-scene.ts";

failOnLeaks();

let scene: CrashScene;

beforeAll(async () => {
  scene = await setCrashScene();
  const { platform, dispatcher } = scene;
  await Promise.all([platform.server.kill(), dispatcher.kill()]);
  const [next] = await Promise.all([
    platform.startDispatcher({}, "services/dispatcher/src/main.ts"),
    platform.server.restart(),
  ]);
  platform.dispatchers.push(next);
  await platform.client.reconnected();
  await scene.playOn();
}, 120_000);

afterAll(() => scene.stop());

describe.each(CHAINS)("dispatcher and nats-server killed $title", (chain) => {
  it("a request is repeated only if it was sent and its record was not stored", () => {
    expect(scene.requestsPerAttempt(chain)).toEqual(requestsAfterDispatcherDied(chain));
  });

  it("the chain of attempts stays single and whole, and the next event is delivered", async () => {
    expect(await endOf(scene, chain)).toEqual(wholeChain(chain));
  });
});
