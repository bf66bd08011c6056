import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSender, type Sender, type Sent } from "../../services/dispatcher/src/send/send.ts";
import {
  OK,
  says,
  startTcpEndpoint,
  type Endpoint,
} from "../harness/receiver/failing-endpoints.ts";
import { type DnsAnswer, type DnsServer, startDnsServer } from "../harness/receiver/dns-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";

failOnLeaks();

const to = (...addresses: string[]): DnsAnswer => ({ kind: "addresses", addresses });

/** Only 127.0.0.1 is opened, so that its neighbours stand for everything internal. */
const NAMES: Record<string, (family: 4 | 6, nth: number) => DnsAnswer> = {
  "open.test": () => to("127.0.0.1"),
  "internal.test": () => to("127.0.0.2"),
  "mix.test": () => to("127.0.0.1", "127.0.0.2"),
  "mix-of-families.test": () => to("127.0.0.1", "::1"),
  "metadata.test": () => to("127.0.0.1", "fd00:ec2::254"),
  "mapped.test": () => to("127.0.0.1", "0:0:0:0:0:ffff:7f00:2"),
  "alternating.test": (_family, nth) => to(nth % 2 === 1 ? "127.0.0.1" : "127.0.0.2"),
  "many.test": () => to(...Array.from({ length: 30 }, () => "127.0.0.1"), "127.0.0.2"),
  "nobody.test": () => ({ kind: "no_such_name" }),
  "empty.test": () => to(),
  "failing.test": () => ({ kind: "server_failure" }),
  "truncated.test": () => ({ kind: "truncated" }),
  "one-family-hangs.test": (family) => (family === 4 ? to("127.0.0.1") : { kind: "silence" }),
};

let server: DnsServer;
let sender: Sender;
let open: Endpoint;
let trap: Endpoint;

beforeAll(async () => {
  server = await startDnsServer((name, family, nth) => {
    if (name.endsWith("hanging.test")) return { kind: "silence" };
    return NAMES[name]?.(family, nth) ?? { kind: "garbage" };
  });
  open = await startTcpEndpoint(says(OK, "end"));
  trap = await startTcpEndpoint(says(OK, "end"), { host: "127.0.0.2", port: open.port });
  sender = createSender({
    defaultTimeoutMs: 7_000,
    maxConnectionsPerOrigin: 64,
    allowedPrivateCidrs: ["127.0.0.1/32"],
    names: {
      useSystemNames: false,
      servers: [server.address],
      limits: { perWorkspace: 3, max: 6, waitMs: 300 },
    },
  });
});

afterAll(async () => {
  await sender.close();
  await Promise.all([open.stop(), trap.stop(), server.stop()]);
});

const ask = (name: string, workspaceId = "w1", scheme = "http"): Promise<Sent> =>
  sender.send({
    workspaceId,
    timeoutMs: 7_000,
    method: "POST",
    url: `${scheme}://${name}:${open.port}/`,
    headers: {},
    body: Buffer.from("{}"),
  });

/** What came of one request, in a word or two. */
const verdictOf = async (name: string, workspaceId?: string, scheme?: string): Promise<string> => {
  const { result } = await ask(name, workspaceId, scheme);
  switch (result.kind) {
    case "response":
      return String(result.status);
    case "no_response":
      return `${result.reason} ${result.detail}`;
    case "platform_fault":
      return `own fault ${result.detail}`;
    default:
      return result satisfies never;
  }
};

const BLOCKED = "blocked_address ERR_IP_BLOCKED";

describe("a name", () => {
  test.each([
    ["that leads to one opened address is sent to", "open.test", "200"],
    ["with one family's name servers hanging is sent to", "one-family-hangs.test", "200"],
    ["that leads inside is refused", "internal.test", BLOCKED],
    ["that leads inside with one of its addresses is refused", "mix.test", BLOCKED],
    ["that leads inside with its other family is refused", "mix-of-families.test", BLOCKED],
    ["that leads to a metadata service too is refused", "metadata.test", BLOCKED],
    ["that leads inside by a mapped address is refused", "mapped.test", BLOCKED],
    ["that leads inside with the last of many is refused", "many.test", BLOCKED],
    ["that is not there is dns", "nobody.test", "dns DNS_ENOTFOUND"],
    ["without an address is dns", "empty.test", "dns DNS_ENODATA"],
    ["whose servers fail is dns", "failing.test", "dns DNS_ESERVFAIL"],
    ["that is reserved for no name is dns, unasked", "x.invalid", "dns DNS_ENOTFOUND"],
    ["that only this machine knows is dns: localhost", "localhost", "dns DNS_EBADRESP"],
  ])("%s", async (_what, name, expected) => {
    expect(await verdictOf(name)).toBe(expected);
    expect(trap.connections).toBe(0);
  });

  test.each(["internal.test", "mix.test", "many.test"])(
    "%s is refused for TLS too",
    async (name) => {
      expect(await verdictOf(name, "w1", "https")).toBe(BLOCKED);
      expect(trap.connections).toBe(0);
    },
  );

  test("whose answer is cut off is dns where the rest cannot be had", async () => {
    expect(await verdictOf("truncated.test")).toMatch(/^dns DNS_E/);
  });

  test("is asked for once by a delivery: a later answer changes nothing", async () => {
    const verdicts: string[] = [];
    for (let n = 0; n < 6; n += 1) verdicts.push(await verdictOf("alternating.test"));
    // Each connection asks anew, and is judged by the answer that it uses.
    expect(verdicts).toEqual(["200", BLOCKED, "200", BLOCKED, "200", BLOCKED]);
    expect(server.questions.filter((q) => q === "alternating.test A")).toHaveLength(6);
    expect(trap.connections).toBe(0);
  });

  test("is asked for once by deliveries of a workspace that begin together", async () => {
    const before = server.questions.length;
    await Promise.all(Array.from({ length: 20 }, () => verdictOf("internal.test", "w9")));
    expect(server.questions.slice(before)).toEqual(["internal.test A", "internal.test AAAA"]);
  });
});

describe("names whose servers hang", () => {
  test("end as dns in time, hold up their own workspace's names and no others'", async () => {
    const startedMs = performance.now();
    const hanging = ["a", "b", "c"].map((n) => verdictOf(`${n}.hanging.test`, "w2"));
    const waiting = verdictOf("open.test", "w2");
    expect(await verdictOf("open.test", "w3")).toBe("200");
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(await waiting).toBe("own fault DNS_BUSY");
    expect(performance.now() - startedMs).toBeLessThan(3_200);
    const timedOut = Array.from({ length: 3 }, () => "dns DNS_ETIMEOUT");
    expect(await Promise.all(hanging)).toEqual(timedOut);
    expect(performance.now() - startedMs).toBeLessThan(6_900);
    expect(await verdictOf("open.test", "w2")).toBe("200");
  });
});
