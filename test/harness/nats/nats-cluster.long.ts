import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { failOnLeaks } from "../process/leaks.ts";
import { connectTo, type NatsClient } from "./nats-client.ts";
import { type NatsCluster, startNatsCluster } from "./nats-cluster.ts";

failOnLeaks();

let cluster: NatsCluster;
const clients = new Map<string, NatsClient>();
/** What each node's client has heard, as `node word`. */
const heard = new Set<string>();

beforeAll(async () => {
  cluster = await startNatsCluster();
  for (const node of cluster.nodes) {
    const client = await connectTo(node);
    clients.set(node.name, client);
    client.nc.subscribe("said.>", {
      callback: (_error, { subject }) => {
        heard.add(`${node.name} ${subject.slice(5)}`);
      },
    });
    await client.nc.flush();
  }
});

afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.close()));
  await cluster.stop();
});

/** Says a word over a node and gives the nodes that hear it; the others have had time to. */
const hears = async (from: string, word: string, n: number): Promise<string[]> => {
  const by = (): string[] =>
    cluster.nodes.map(({ name }) => name).filter((name) => heard.has(`${name} ${word}`));
  await eventually(
    () => {
      clients.get(from)?.nc.publish(`said.${word}`);
      return by().length >= n;
    },
    { what: `${n} nodes hear '${word}'` },
  );
  return by();
};

const ALL = ["n1", "n2", "n3"];

test("a node that is cut off one way hears the others and is not heard; healed, everybody hears it", async () => {
  expect(await hears("n1", "whole", 3)).toEqual(ALL);
  cluster.cutOff("n1", "from");
  expect(await hears("n2", "to-n1", 3)).toEqual(ALL);
  expect(await hears("n1", "from-n1", 1)).toEqual(["n1"]);
  cluster.heal();
  expect(await hears("n1", "healed", 3)).toEqual(ALL);
  cluster.cutOff("n1", "both");
  expect(await hears("n2", "without-n1", 2)).toEqual(["n2", "n3"]);
  cluster.heal();
  expect(await hears("n2", "with-n1", 3)).toEqual(ALL);
});

test("a node that was killed comes back at the same address with what it had stored", async () => {
  const { js, jsm } = clients.get("n2") as NatsClient;
  const three = { name: "KEPT", subjects: ["kept"], num_replicas: 3 };
  await eventually(() => jsm.streams.add(three), { what: "a stream of three replicas" });
  await js.publish("kept", "first");
  const [node] = cluster.nodes;
  await node?.kill();
  await eventually(() => js.publish("kept", "second", { msgID: "2" }), {
    what: "publishing by two",
  });
  await node?.start();
  await clients.get("n1")?.reconnected();
  await eventually(
    async () => {
      const { cluster: raft, state } = await jsm.streams.info("KEPT");
      expect(state.messages).toBe(2);
      expect(raft?.replicas?.map((r) => r.current && !r.offline)).toEqual([true, true]);
    },
    { what: "three replicas are current" },
  );
});
