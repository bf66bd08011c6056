import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { eventually } from "../../harness/eventually.ts";
import {
  type NatsCluster,
  startNatsCluster,
  type NatsClusterOptions,
} from "../../harness/nats/nats-cluster.ts";
import { type Services, startServices } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import { settled } from "../../harness/settled.ts";
import { check, type Verdict } from "./check.ts";
import { collectLists, collectRequests, collectStored } from "./collect.ts";
import { crowdScript, RETRY_DELAYS_MS, WORKSPACES } from "./crowd.ts";
import type { Bounds } from "./evidence.ts";
import { startTraffic, type Traffic } from "./traffic.ts";

export interface SceneOptions {
  readonly eventsPerSecond: number;
  readonly cluster?: NatsClusterOptions;
  /** For each dispatcher, on top of the usual; two without any unless given. */
  readonly dispatchers?: readonly Readonly<Record<string, string>>[];
}

/** Three nats-servers, the API, two dispatchers and traffic over them. */
export interface Scene {
  readonly cluster: NatsCluster;
  readonly services: Services;
  readonly traffic: Traffic;
  readonly receiver: Receiver;
  /** The node that leads a stream now. */
  leaderOf(stream: StreamName): Promise<string>;
  readonly client: NatsClient;
  killDispatcher(n: number): Promise<void>;
  startDispatcher(n: number): Promise<void>;
  freezeDispatcher(n: number): Promise<void>;
  thawDispatcher(n: number): void;
  /** From now on, until what is returned is called, what was under way may be sent once more. */
  mayRepeat(why: string): () => void;
  /** Mends everything, waits until nothing is owed, and says what the run came to. */
  end(timeoutMs: number): Promise<Verdict & { readonly unsettled: string | undefined }>;
  stop(): Promise<void>;
}

/** ADR 3, and docs/promises.md: what may be sent again, and how long an address that is gone may be used. */
const BOUNDS: Bounds = {
  retryDelaysMs: RETRY_DELAYS_MS,
  staleMs: 3_000,
  recordMs: 2_000,
  toleranceMs: 20,
};

export const startScene = async (options: SceneOptions): Promise<Scene> => {
  const [cluster, receiver] = await Promise.all([
    // As in deploy/nats: without it, servers that are killed together lose what they acknowledged last.
    startNatsCluster({ jetstreamConfig: "sync_interval: always", ...options.cluster }),
    startReceiver(crowdScript),
  ]);
  const dispatcherEnvs = options.dispatchers ?? [{}, {}];
  const services = await startServices(cluster, {
    workspaces: [...WORKSPACES],
    // NATS reserves a stream's limit, and the disk that is to be full is small.
    env: { STREAM_REPLICAS: "3", AUDIT_MAX_BYTES: "16MiB" },
    dispatcherEnv: {
      RETRY_DELAYS: RETRY_DELAYS_MS.map((ms) => `${ms}ms`).join(","),
      RETRY_JITTER: "0",
      ENDPOINT_MAX_IN_FLIGHT: "1024",
    },
    dispatchers: 0,
  });
  const dispatchers = services.dispatchers;
  dispatchers.push(
    ...(await Promise.all(dispatcherEnvs.map((env) => services.startDispatcher(env)))),
  );
  // Its own connection: it tells soon when its server hangs, so that the run goes on by another.
  const client = await connectTo(cluster, { pingInterval: 1_000, maxPingOut: 2 });
  const traffic = await startTraffic({
    services,
    client,
    urlOf: (path) => receiver.url(path),
    eventsPerSecond: options.eventsPerSecond,
  });
  const windows: { fromMs: number; toMs: number; why: string }[] = [];
  const mayRepeat = (why: string): (() => void) => {
    const window = { fromMs: Date.now(), toMs: Infinity, why };
    windows.push(window);
    return () => {
      window.toMs = Date.now();
    };
  };
  const dispatcher = (n: number): ServiceProcess => {
    const found = dispatchers[n];
    if (found === undefined) throw new Error(`no dispatcher ${n}`);
    return found;
  };
  return {
    cluster,
    services,
    traffic,
    receiver,
    client,
    leaderOf: (stream) => leaderOf(client, stream),
    mayRepeat,
    killDispatcher: async (n) => {
      const killed = mayRepeat("a dispatcher was killed");
      await dispatcher(n).kill();
      killed();
    },
    freezeDispatcher: async (n) => {
      const frozen = mayRepeat("a dispatcher was frozen: the others take it for dead");
      await standStill(dispatcher(n).pid);
      frozen();
    },
    thawDispatcher: (n) => dispatcher(n).signal("SIGCONT"),
    startDispatcher: async (n) => {
      dispatchers[n] = await services.startDispatcher(dispatcherEnvs[n] ?? {});
    },
    end: async (timeoutMs) => {
      await traffic.end();
      cluster.heal();
      const unsettled = await settled(client, { timeoutMs }).then(() => undefined, String);
      const stored = await collectStored(client);
      const lists = await Promise.all(
        WORKSPACES.map((id) => collectLists(services, id, timeoutMs)),
      );
      const requests = collectRequests(receiver);
      const { acknowledged, addresses } = traffic;
      const evidence = { acknowledged, addresses, requests, stored, lists, windows };
      return { ...check(evidence, BOUNDS), unsettled };
    },
    stop: async () => {
      cluster.heal();
      await traffic.end();
      await client.close();
      await services.stop();
      await Promise.all([cluster.stop(), receiver.stop()]);
    },
  };
};

const leaderOf = ({ jsm }: NatsClient, stream: StreamName): Promise<string> =>
  eventually(async () => (await jsm.streams.info(stream)).cluster?.leader ?? null, {
    what: `${stream} has a leader`,
    timeoutMs: 30_000,
    intervalMs: 100,
  });

export const LED: readonly StreamName[] = [
  STREAMS.events,
  STREAMS.attempts,
  STREAMS.retries,
  STREAMS.subscriptions,
];
