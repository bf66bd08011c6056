/**
 * Runs in network and mount namespaces of its own, where every address of the world is this machine, and
 * every port that matters is a trap. Prints what was delivered, and whatever the traps saw, as JSON.
 */
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createSender } from "../../services/dispatcher/src/send/send.ts";
import { deliverUncheckedTo, ended, story } from "../delivery/deliveries.ts";
import { type DnsAnswer, startDnsServer } from "../harness/receiver/dns-server.ts";
import { startPlatform } from "../harness/process/platform.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import { makeTestCa, writeCaFile } from "../harness/receiver/tls.ts";

/** What the test reads from the last line. */
export interface NamespaceReport {
  /** Internal addresses that traps saw when they were tried out without a guard. */
  readonly provedTraps: readonly string[];
  /** What the traps saw of the platform: `address port`. */
  readonly trapped: readonly string[];
  /** Connections to the public endpoint: without any, nothing was tried. */
  readonly publicConnections: number;
  /** The story of each URL: first attempt and retry. */
  readonly stories: Readonly<Record<string, readonly string[]>>;
  /** What the sender alone says of each URL. */
  readonly verdicts: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 2_000;
const PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"];
const TRAPPED_PORTS = [80, 4_222, 8_443];
const INTERNAL = ["127.0.0.1", "127.8.9.10", "10.0.0.1", "10.255.255.254", "169.254.169.254"];
const INTERNAL_IPV6 = ["::1", "fd00:ec2::254", "fe80::1", "fd20:ce::254"];
const SPELLINGS = [
  "2130706433 0x7f.1 127.1 0 0.0.0.0 0177.0.0.1 168.63.129.16 100.100.100.200",
  "[::ffff:127.0.0.1] [::ffff:a00:1] [::] [64:ff9b::7f00:1] [2002:7f00:1::]",
].flatMap((line) => line.split(" "));

const to = (...addresses: string[]): DnsAnswer => ({ kind: "addresses", addresses });

const NAMES: Record<string, (nth: number) => DnsAnswer> = {
  "redirect.test": () => to(...PUBLIC),
  ...Object.fromEntries(INTERNAL.map((address, n) => [`inside-${n}.test`, () => to(address)])),
  ...Object.fromEntries(
    INTERNAL_IPV6.map((address, n) => [`inside6-${n}.test`, () => to(address)]),
  ),
  "mix.test": () => to(PUBLIC[0] ?? "", "10.0.0.1"),
  "mix6.test": () => to(PUBLIC[0] ?? "", "fd00:ec2::254"),
  "alternating.test": (nth) => to(nth % 2 === 1 ? "127.0.0.1" : (PUBLIC[0] ?? "")),
  "rebinding.test": (nth) => to(nth % 2 === 1 ? (PUBLIC[0] ?? "") : "169.254.169.254"),
};

const run = (...[command = "", ...args]: string[]): void => {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
};

const everythingIsHere = async (): Promise<void> => {
  run("ip", "link", "set", "lo", "up");
  run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo");
  run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo");
  const resolvConf = await writeTempFile("resolv.conf", "nameserver 127.0.0.53\n");
  run("mount", "--bind", resolvConf, "/etc/resolv.conf");
};

const seen: string[] = [];

const trap = (server: Server, port: number): Promise<void> => {
  server.on("connection", (socket: Socket) => {
    seen.push(`${(socket.localAddress ?? "").replace(/^::ffff:/, "")} ${port}`);
    socket.on("error", () => {});
    // Nobody is to wait for a trap's answer: where the guard is gone, the report is not to be late.
    if (port !== 443) socket.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "::", resolve);
  });
};

const isPublic = (line: string): boolean => PUBLIC.includes(line.split(" ")[0] ?? "");

/** Connects without any guard: a trap that sees nothing proves nothing. */
const tryTraps = async (): Promise<string[]> => {
  for (const host of [...INTERNAL, ...INTERNAL_IPV6]) {
    await new Promise<void>((resolve) => {
      const socket = connect({ host, port: 4_222 }, () => socket.destroy());
      socket.on("error", () => {}).once("close", () => resolve());
    });
  }
  return seen.splice(0);
};

const urlsToTry = (): string[] => {
  const bracketed = INTERNAL_IPV6.map((address) => `[${address}]`);
  const names = Object.keys(NAMES).filter((name) => name !== "redirect.test");
  const hosts = [...INTERNAL, ...bracketed, ...SPELLINGS, ...names, "localhost", "nobody.test"];
  const ports = ["", ":8443", ":4222"];
  const direct = hosts.flatMap((host) => ports.map((port) => `https://${host}${port}/hook`));
  const plain = hosts.flatMap((host) => [`http://${host}/hook`, `http://${host}:4222/hook`]);
  const all = [...direct, ...plain];
  const redirected = all.map((url) => `https://redirect.test/?to=${encodeURIComponent(url)}`);
  return [...all, ...redirected];
};

const main = async (): Promise<NamespaceReport> => {
  await everythingIsHere();
  const ca = await makeTestCa();
  const { certPem, keyPem } = await ca.issue({ hostname: "redirect.test" });
  const redirecting = createHttpsServer({ cert: certPem, key: keyPem }, (request, response) => {
    const location = new URL(request.url ?? "/", "https://redirect.test").searchParams.get("to");
    response.writeHead(307, { location: location ?? "/" }).end();
  });
  const traps = TRAPPED_PORTS.map((port) => [createServer(), port] as const);
  for (const [server, port] of [...traps, [redirecting, 443] as const]) await trap(server, port);
  const dns = await startDnsServer(
    (name, _family, nth) => NAMES[name]?.(nth) ?? { kind: "no_such_name" },
    { host: "127.0.0.53", port: 53 },
  );
  const provedTraps = await tryTraps();

  const urls = urlsToTry();
  const verdicts = await bySender(urls, ca.caPem);
  const stories = await byPlatform(urls, await writeCaFile(ca));
  const trapped = seen.filter((line) => !isPublic(line));
  const publicConnections = seen.length - trapped.length;
  for (const server of [...traps.map(([one]) => one), redirecting]) server.close();
  await dns.stop();
  return { provedTraps, trapped, publicConnections, stories, verdicts };
};

/** The guard alone: the platform would refuse many of the URLs before they come to it. */
const bySender = async (
  urls: readonly string[],
  caPem: string,
): Promise<Record<string, string>> => {
  const sender = createSender({
    defaultTimeoutMs: TIMEOUT_MS,
    maxConnectionsPerOrigin: 8,
    allowedPrivateCidrs: [],
    extraCa: [caPem],
    names: { useSystemNames: false },
  });
  const body = Buffer.from("{}");
  const verdicts: Record<string, string> = {};
  for (const url of urls) {
    const request = {
      workspaceId: "w1",
      timeoutMs: TIMEOUT_MS,
      method: "POST",
      url,
      headers: {},
      body,
    } as const;
    const { result, released } = await sender.send(request);
    await released;
    verdicts[url] = "status" in result ? String(result.status) : result.detail;
  }
  await sender.close();
  return verdicts;
};

const byPlatform = async (urls: readonly string[], caFile: string) => {
  const platform = await startPlatform({
    dispatcherEnv: {
      ALLOW_INSECURE_HTTP: "false",
      ALLOWED_PRIVATE_CIDRS: "",
      EXTRA_CA_FILE: caFile,
      RETRY_DELAYS: "100ms",
      DELIVERY_TIMEOUT: "5s",
    },
  });
  const tellStory = async (url: string) => {
    const event = await deliverUncheckedTo(platform, url);
    return [url, story(await ended(platform, event, 60_000))] as const;
  };
  const stories = Object.fromEntries(await Promise.all(urls.map(tellStory)));
  await platform.stop();
  return stories;
};

const report = await main();
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
