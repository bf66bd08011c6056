import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { CHAINS } from "./chains.ts";
import {
  endOf,
  requestsExpected,
  setCrashScene,
  wholeChain,
  type CrashScene,
} from "./crash-scene.ts";

failOnLeaks();

let scene: CrashScene;

beforeAll(async () => {
  scene = await setCrashScene();
  const { platform, dispatcher } = scene;
  await platform.server.kill();
  await dispatcher.waitForLog("nats.disconnected");
  // The deliveries go on while no server is there to take what they store and acknowledge.
  dispatcher.signal("SIGCONT");
  await dispatcher.waitForLog("publish.retrying");
  await platform.server.restart();
  await platform.client.reconnected();
  await scene.playOn();
}, 120_000);

afterAll(() => scene.stop());

describe.each(CHAINS)("nats-server killed and restarted $title", (chain) => {
  it("no request is repeated, as the dispatcher lives and knows what it has sent", () => {
    expect(scene.requestsPerAttempt(chain)).toEqual(requestsExpected(chain));
  });

  it("the chain of attempts stays single and whole, and the next event is delivered", async () => {
    expect(await endOf(scene, chain)).toEqual(wholeChain(chain));
  });
});
