import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureNatsServer } from "../../../scripts/nats-server.ts";
import { spawnTracked, type TrackedChild } from "../process/child-process.ts";
import { eventually } from "../eventually.ts";
import { jetStreamAnswers } from "./nats-server.ts";
import { standStill } from "../process/stand-still.ts";
import { startTcpLink, type TcpLink } from "../receiver/tcp-link.ts";
import { makeTempDir } from "../temp-dir.ts";

export interface NatsClusterOptions {
  /** Where each node keeps its store; without it a new folder for each. */
  readonly storeDirs?: readonly string[];
  /** Further lines within each node's `jetstream { … }`. */
  readonly jetstreamConfig?: string;
  /** Further top-level lines of each node. */
  readonly serverConfig?: string;
}

/** One of the cluster's servers; it is known by its name, as its ports change with each start. */
export interface ClusterNode {
  readonly name: string;
  /** Where clients connect to; stays over restarts. */
  readonly url: string;
  readonly storeDir: string;
  readonly pid: number;
  /** Between clients and this node. */
  readonly clients: TcpLink;
  /** SIGKILL unless told otherwise: SIGUSR2 has it hand over everything and end (lame duck mode). */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on its store, after killing what still runs; resolves once it takes connections. */
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  /** Kills it and forgets all that it had stored. */
  wipe(): Promise<void>;
}

/** Three nats-servers with JetStream on 127.0.0.1, of which every connection can be cut off. */
export interface NatsCluster {
  /** All nodes, separated by commas, as `NATS_URL` takes them. */
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  node(name: string): ClusterNode;
  /** Makes routes silent: from this node to the others, from the others to it, or both ways. */
  cutOff(name: string, ways: "from" | "to" | "both"): void;
  /** Opens every way and lets every frozen node go on. */
  heal(): void;
  stop(): Promise<void>;
}

/** The route of a pair: `from` is the one that connects. */
interface Route {
  readonly from: string;
  readonly to: string;
  readonly link: TcpLink;
}

const NAMES = ["n1", "n2", "n3"] as const;
const START_TIMEOUT_MS = 30_000;

export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const binary = await ensureNatsServer();
  // Each server connects to both others, as it wants a route of its own; it drops those it has twice.
  const pairs = NAMES.flatMap((from) =>
    NAMES.filter((to) => to !== from).map((to) => ({ from, to })),
  );
  const routes = await Promise.all(
    pairs.map(async (pair): Promise<Route> => ({ ...pair, link: await startTcpLink() })),
  );
  const nodes = await Promise.all(
    NAMES.map((name, n) => prepare(binary, name, routes, options, n)),
  );
  await Promise.all(nodes.map((node) => node.start()));
  await Promise.all(nodes.map(({ url }) => jetStreamAnswers(url)));
  const heal = (): void => {
    for (const { link } of routes) link.restore();
    for (const node of nodes) {
      node.clients.restore();
      node.thaw();
    }
  };
  const nodeNamed = (name: string): ClusterNode => {
    const found = nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  };
  return {
    url: nodes.map(({ url }) => url).join(","),
    nodes,
    node: nodeNamed,
    cutOff: (name, ways) => cutOff(routes, nodeNamed(name).name, ways),
    heal,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(
        [...routes.map(({ link }) => link), ...nodes.map((n) => n.clients)].map((l) => l.stop()),
      );
      if (options.storeDirs !== undefined) return;
      await Promise.all(
        nodes.map(({ storeDir }) => rm(storeDir, { recursive: true, force: true })),
      );
    },
  };
}

function cutOff(routes: readonly Route[], name: string, ways: "from" | "to" | "both"): void {
  for (const { from, to, link } of routes) {
    if (from !== name && to !== name) continue;
    const [away, towards] = from === name ? (["out", "back"] as const) : (["back", "out"] as const);
    if (ways !== "to") link.silence(away);
    if (ways !== "from") link.silence(towards);
  }
}

async function prepare(
  binary: string,
  name: string,
  routes: readonly Route[],
  { storeDirs, jetstreamConfig = "", serverConfig = "" }: NatsClusterOptions,
  n: number,
): Promise<ClusterNode> {
  const storeDir = storeDirs?.[n] ?? (await makeTempDir(`nats-${name}`));
  const configFile = join(await makeTempDir("nats-config"), `${name}.conf`);
  const config = configText(name, storeDir, routes, jetstreamConfig);
  await writeFile(configFile, `${config}${serverConfig}\n`);
  const clients = await startTcpLink();
  let running: TrackedChild | undefined;
  const pid = (): number => running?.child.pid ?? -1;
  const kill = async (signal?: NodeJS.Signals) => void (await running?.kill(signal));
  return {
    name,
    url: `nats://127.0.0.1:${clients.port}`,
    storeDir,
    get pid() {
      return pid();
    },
    clients,
    kill,
    start: async () => {
      await kill();
      const started = await run(binary, configFile);
      running = started.process;
      clients.setTarget(started.clientPort);
      for (const { to, link } of routes) if (to === name) link.setTarget(started.routePort);
    },
    freeze: () => standStill(pid()),
    thaw: () => void running?.child.kill("SIGCONT"),
    wipe: async () => {
      await kill();
      await rm(join(storeDir, "jetstream"), { recursive: true, force: true });
    },
  };
}

/**
 * Every route goes through a link of its own, so that no server may find another way to a neighbour or tell
 * clients of one: it advertises a port that nobody listens on.
 */
function configText(
  name: string,
  storeDir: string,
  routes: readonly Route[],
  more: string,
): string {
  const outgoing = routes.filter(({ from }) => from === name);
  const urls = outgoing.map(({ link }) => `"nats-route://127.0.0.1:${link.port}"`);
  return `host: 127.0.0.1
port: -1
server_name: ${name}
jetstream { store_dir: ${JSON.stringify(storeDir)}
${more}
}
cluster {
  name: ringback
  listen: "127.0.0.1:-1"
  advertise: "127.0.0.1:1"
  no_advertise: true
  routes: [${urls.join(", ")}]
}
`;
}

interface Running {
  readonly process: TrackedChild;
  readonly clientPort: number;
  readonly routePort: number;
}

async function run(binary: string, configFile: string): Promise<Running> {
  const process = await spawnTracked(binary, ["-c", configFile], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  process.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (log.length < 64 * 1024) log += text;
  });
  const portOf = (kind: string): number | null =>
    Number(new RegExp(`Listening for ${kind} connections on \\S+:(\\d+)`).exec(log)?.[1] ?? 0);
  try {
    const options = {
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: 5,
      giveUpWhen: () => (process.exit() === null ? null : "it ended"),
    };
    const clientPort = await eventually(() => portOf("client"), {
      what: "client port",
      ...options,
    });
    const routePort = await eventually(() => portOf("route"), { what: "route port", ...options });
    return { process, clientPort, routePort };
  } catch (cause) {
    await process.kill();
    throw new Error(`${binary}: did not start\n${log}`, { cause });
  }
}
