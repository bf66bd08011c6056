import { join } from "node:path";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import type { ClusterNode } from "../../harness/nats/nats-cluster.ts";
import { makeTempDir } from "../../harness/temp-dir.ts";
import { mountSmallDisk, type SmallDisk } from "./full-disk.ts";
import { LED, type Scene, type SceneOptions } from "./scene.ts";

/** Waits, at most until the run's time is over. */
type Rest = (ms: number) => Promise<void>;

/** What goes wrong, over and over again for as long as the run lasts. */
export interface Fault {
  readonly does: string;
  readonly scene?: () => Promise<Partial<SceneOptions>>;
  /** Once: makes it wrong, rests, mends it, rests. `n` counts from 0. */
  readonly once: (scene: Scene, rest: Rest, n: number) => Promise<void>;
}

const leader = async (scene: Scene, n = 0): Promise<ClusterNode> =>
  scene.cluster.node(await scene.leaderOf(LED[n % LED.length] ?? STREAMS.events));

/** Cuts the leader of EVENTS off from the other nodes for a time; its clients stay with it. */
const partition =
  (ways: "from" | "to" | "both"): Fault["once"] =>
  async (scene, rest) => {
    scene.cluster.cutOff((await leader(scene)).name, ways);
    await rest(10_000);
    scene.cluster.heal();
    await rest(8_000);
  };

const CLOCKS_OFF_MS = [-9_000, 9_000];
const SMALL_DISK_MIB = 256;
let smallDisk: SmallDisk | undefined;

export const FAULTS: Readonly<Record<string, Fault>> = {
  "leaders-killed": {
    does: "the leader of one stream after the other is killed, and back after 3 s",
    once: async (scene, rest, n) => {
      const node = await leader(scene, n);
      await node.kill();
      await rest(3_000);
      await node.start();
      await rest(6_000);
    },
  },
  "leaders-step-down": {
    does: "leaders of streams and consumers hand over, every second",
    once: async ({ client }, rest, n) => {
      const stream = LED[n % LED.length] ?? STREAMS.events;
      const consumer = n % 2 === 0 ? STREAMS.events : STREAMS.retries;
      for (const what of [
        `STREAM.LEADER.STEPDOWN.${stream}`,
        `CONSUMER.LEADER.STEPDOWN.${consumer}.${DISPATCHER_CONSUMER}`,
      ]) {
        // There may be no leader just now.
        await client.nc.request(`$JS.API.${what}`, undefined, { timeout: 2_000 }).catch(() => {});
      }
      await rest(1_000);
    },
  },
  "dispatchers-killed": {
    does: "one dispatcher after the other is killed, and another one started after 2 s",
    once: async (scene, rest, n) => {
      await scene.killDispatcher(n % 2);
      await rest(2_000);
      await scene.startDispatcher(n % 2);
      await rest(4_000);
    },
  },
  "partition-from": {
    does: "for 10 s nothing comes from the leader of EVENTS to the other nodes",
    once: partition("from"),
  },
  "partition-to": {
    does: "for 10 s nothing comes from the other nodes to the leader of EVENTS",
    once: partition("to"),
  },
  "partition-both": {
    does: "for 10 s the leader of EVENTS and the other nodes hear nothing of each other",
    once: partition("both"),
  },
  "node-silent": {
    does: "for 15 s nobody hears anything of the leader of EVENTS, clients neither; no connection ends",
    once: async (scene, rest) => {
      const node = await leader(scene);
      scene.cluster.cutOff(node.name, "both");
      node.clients.silence("out", "back");
      await rest(15_000);
      scene.cluster.heal();
      await rest(8_000);
    },
  },
  "node-frozen": {
    does: "the leader of EVENTS stands still for 15 s (SIGSTOP)",
    once: async (scene, rest) => {
      const node = await leader(scene);
      await node.freeze();
      await rest(15_000);
      node.thaw();
      await rest(8_000);
    },
  },
  "dispatcher-frozen": {
    does: "one dispatcher after the other stands still for 20 s (SIGSTOP)",
    once: async (scene, rest, n) => {
      await scene.freezeDispatcher(n % 2);
      await rest(20_000);
      scene.thawDispatcher(n % 2);
      await rest(5_000);
    },
  },
  "no-quorum": {
    does: "two nodes of three are killed, and back after 18 s",
    once: async (scene, rest) => {
      const quorum = scene.mayRepeat("no record can be stored without a quorum");
      const [first, second] = scene.cluster.nodes;
      await Promise.all([first?.kill(), second?.kill()]);
      await rest(18_000);
      await Promise.all([first?.start(), second?.start()]);
      await rest(3_000);
      quorum();
      await rest(7_000);
    },
  },
  "disk-full": {
    does: "the disk of one node is full for 8 s; then there is room again, and its server is started anew",
    scene: async () => {
      smallDisk = await mountSmallDisk(SMALL_DISK_MIB);
      const others = await Promise.all([makeTempDir("nats-store"), makeTempDir("nats-store")]);
      return { cluster: { storeDirs: [smallDisk.path, ...others] } };
    },
    once: async (scene, rest) => {
      await smallDisk?.fill();
      await rest(8_000);
      smallDisk?.empty();
      await scene.cluster.nodes[0]?.start();
      await rest(8_000);
    },
  },
  "store-wiped": {
    does: "one node after the other is killed and comes back with an empty store",
    once: async (scene, rest, n) => {
      const node = scene.cluster.nodes[n % 3];
      await node?.wipe();
      await rest(2_000);
      await node?.start();
      await rest(10_000); // it has to catch up before the next one may lose all
    },
  },
  "clocks-off": {
    does: "the clock of one dispatcher is 9 s behind, the other one's 9 s ahead",
    scene: () =>
      Promise.resolve({
        dispatchers: CLOCKS_OFF_MS.map((offMs) => ({
          NODE_OPTIONS: `--import=${join(import.meta.dirname, "shifted-clock.ts")}`,
          CLOCK_OFF_MS: String(offMs),
        })),
      }),
    once: (_scene, rest) => rest(5_000),
  },
};
