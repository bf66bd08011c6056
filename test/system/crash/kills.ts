import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHAINS, type Chain } from "./chains.ts";
import {
  endOf,
  requestsAfterDispatcherDied,
  requestsExpected,
  setCrashScene,
  wholeChain,
  type CrashScene,
} from "./crash-scene.ts";

type Kill = {
  readonly title: string;
  readonly crash: (scene: CrashScene) => Promise<unknown>;
  readonly requests: (chain: Chain) => Record<string, number>;
};

/** What is killed, and the requests that each chain then comes to. */
const KILLS = {
  dispatcher: {
    title: "the dispatcher killed",
    crash: async ({ dispatcher, startAnother }) => {
      await dispatcher.kill();
      await startAnother();
    },
    requests: requestsAfterDispatcherDied,
  },
  both: {
    title: "dispatcher and nats-server killed",
    crash: async ({ platform, dispatcher, startAnother }) => {
      await Promise.all([platform.server.kill(), dispatcher.kill()]);
      await Promise.all([startAnother(), platform.server.restart()]);
      await platform.client.reconnected();
    },
    requests: requestsAfterDispatcherDied,
  },
  "nats-server": {
    title: "nats-server killed and restarted",
    crash: async ({ platform, dispatcher }) => {
      await platform.server.kill();
      await dispatcher.waitForLog("nats.disconnected");
      // The deliveries go on while no server takes what they store and acknowledge.
      dispatcher.signal("SIGCONT");
      await dispatcher.waitForLog("publish.retrying");
      await platform.server.restart();
      await platform.client.reconnected();
    },
    // It lives and knows what it has sent.
    requests: requestsExpected,
  },
} as const satisfies Record<string, Kill>;

/** Tests every chain against these kills, each with all chains on one platform. */
export const testKills = (...names: readonly (keyof typeof KILLS)[]): void => {
  describe.each(names.map((name): Kill => KILLS[name]))("$title", (kill) => {
    let scene: CrashScene;

    beforeAll(async () => {
      scene = await setCrashScene();
      await kill.crash(scene);
      await scene.playOn();
    }, 120_000);

    afterAll(() => scene.stop());

    describe.each(CHAINS)("$title", (chain) => {
      test("a request is repeated only if its dispatcher died before the record of it was stored", () => {
        expect(scene.requestsPerAttempt(chain)).toEqual(kill.requests(chain));
      });

      test("the chain of attempts stays single and whole, and the next event is delivered", async () => {
        expect(await endOf(scene, chain)).toEqual(wholeChain(chain));
      });
    });
  });
};
