import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { eventually } from "../harness/eventually.ts";
import { type ConfiguredServer, startConfiguredServer } from "./configured-server.ts";

export interface Cluster {
  readonly servers: readonly ConfiguredServer[];
  /** All of them, separated by commas. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Three nats-servers on loopback; resolves once JetStream takes streams of three replicas. */
export async function startCluster(): Promise<Cluster> {
  const ports = await freePorts(3);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(", ");
  const servers = await Promise.all(
    ports.map((port, n) =>
      startConfiguredServer(
        `server_name: n${n}\ncluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ),
    ),
  );
  const url = servers.map((server) => server.url).join(",");
  await clusterAnswers(servers);
  return {
    servers,
    url,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function clusterAnswers(servers: readonly ConfiguredServer[]): Promise<void> {
  const nc = await connect({ servers: servers.map(({ url }) => url) });
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 1_000 });
  const trial = { name: "trial", subjects: ["trial"], num_replicas: 3 };
  await eventually(async () => Boolean(await jsm.streams.add(trial)), { timeoutMs: 60_000 });
  await jsm.streams.delete(trial.name);
  await nc.close();
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
