import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSender, type Sender } from "../../services/dispatcher/src/send/send.ts";
import {
  OK,
  says,
  startTcpEndpoint,
  type Endpoint,
} from "../harness/receiver/failing-endpoints.ts";
import { startDnsServer, type DnsAnswer, type DnsServer } from "../harness/receiver/dns-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startDeadAddress, type DeadAddress } from "./backlog-full.ts";

failOnLeaks();

const to = (addresses: readonly string[], afterMs = 0): DnsAnswer => ({
  kind: "addresses",
  addresses,
  afterMs,
});
const SILENCE: DnsAnswer = { kind: "silence" };
const LIVE = "127.0.0.1";
const DEAD = "127.0.0.3";
const DENIED = "fd00::1";

/** IPv6 loopback lives on the same port; 127.0.0.3 is dead. */
const NAMES: Record<string, (family: 4 | 6, nth: number) => DnsAnswer> = {
  "dead-ipv4.test": (family) => to(family === 4 ? [DEAD] : ["::1"]),
  "dead-first.test": () => to([DEAD, LIVE]),
  "dead-four.test": () => to([DEAD, DEAD, DEAD, DEAD, "::1"]),
  "slow-aaaa.test": (family) => (family === 4 ? to([LIVE]) : to(["::1"], 3_000)),
  "no-aaaa.test": (family) => (family === 4 ? to([LIVE]) : SILENCE),
  "late-ipv6.test": (family) => (family === 4 ? to([DEAD]) : to(["::1"], 300)),
  "late-denied.test": (family) => (family === 4 ? to([DEAD]) : to([DENIED], 300)),
  "late-denied-live.test": (family) => (family === 4 ? to([LIVE]) : to([DENIED], 3_000)),
  "soon-denied.test": (family) => (family === 4 ? to([LIVE]) : to([DENIED], 10)),
  "slow.test": () => to([LIVE], 2_500),
  "lost.test": (_family, nth) => (nth === 1 ? SILENCE : to([LIVE])),
};

let server: DnsServer;
let live: Endpoint;
let live6: Endpoint;
let dead: DeadAddress;
let sender: Sender;

beforeAll(async () => {
  server = await startDnsServer((name, family, nth) => NAMES[name]?.(family, nth) ?? SILENCE);
  live = await startTcpEndpoint(says(OK, "end"));
  live6 = await startTcpEndpoint(says(OK, "end"), { host: "::1", port: live.port });
  dead = await startDeadAddress(DEAD, live.port);
  sender = createSender({
    maxConnectionsPerOrigin: 64,
    allowedPrivateCidrs: ["127.0.0.0/8", "::1/128"],
    names: { useSystemNames: false, servers: [server.address] },
  });
});

afterAll(async () => {
  await sender.close();
  await Promise.all([live.stop(), live6.stop(), server.stop(), dead.stop()]);
});

const ask = async (name: string, timeoutMs = 10_000, from = sender) => {
  const startedMs = performance.now();
  const url = `http://${name}:${live.port}/`;
  const request = { workspaceId: "w1", timeoutMs, method: "POST" as const, url, headers: {} };
  const { result, released } = await from.send({ ...request, body: Buffer.from("{}") });
  const tookMs = performance.now() - startedMs;
  await released;
  const what = result.kind === "response" ? String(result.status) : result.detail;
  return { what, tookMs };
};

describe("a name with an address that is dead", () => {
  test.each(["dead-ipv4.test", "dead-first.test", "dead-four.test"])(
    "is connected to at another one, soon: %s",
    async (name) => {
      const { what, tookMs } = await ask(name);
      expect(what).toBe("200");
      expect(tookMs).toBeLessThan(5_000); // half of what the deadline is
    },
  );

  test("costs that wait once: the family that answered comes first from then on", async () => {
    await ask("dead-ipv4.test");
    const tookMs: number[] = [];
    for (let n = 0; n < 5; n += 1) tookMs.push((await ask("dead-ipv4.test")).tookMs);
    expect(Math.min(...tookMs)).toBeLessThan(200); // none that waits takes less than 250
  });
});

describe("a family of addresses that is late", () => {
  test.each(["slow-aaaa.test", "no-aaaa.test", "late-denied-live.test"])(
    "is not waited for where the other one is there: %s",
    async (name) => {
      const { what, tookMs } = await ask(name);
      expect(what).toBe("200");
      expect(tookMs).toBeLessThan(2_500);
    },
  );

  test("is used where the other one is dead", async () => {
    expect((await ask("late-ipv6.test")).what).toBe("200");
  });

  test.each(["late-denied.test", "soon-denied.test"])(
    "is judged, and condemns the name while it is not connected to: %s",
    async (name) => {
      expect((await ask(name)).what).toBe("ERR_IP_BLOCKED");
    },
  );
});

describe.concurrent("name servers", () => {
  test("that take 2.5 s are heard, though they were asked again meanwhile", async () => {
    const { what, tookMs } = await ask("slow.test");
    expect(what).toBe("200");
    expect(tookMs).toBeLessThan(5_000);
  });

  test("that lose a question are asked again", async () => {
    const { what, tookMs } = await ask("lost.test");
    expect(what).toBe("200");
    expect(tookMs).toBeLessThan(5_000);
  });

  test("that hang for a whole workspace use up no attempt of one that waits in our own line", async () => {
    const limits = { perWorkspace: 1, max: 2, waitMs: 60_000 };
    const own = createSender({
      maxConnectionsPerOrigin: 64,
      allowedPrivateCidrs: ["127.0.0.0/8"],
      names: { useSystemNames: false, servers: [server.address], limits },
    });
    const names = Array.from({ length: 6 }, (_, n) => `silent-${n}.test`);
    const results = await Promise.all(names.map((name) => ask(name, 4_000, own)));
    await own.close();
    expect(results.map(({ what }) => what).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => "DNS_BUSY"),
      "DNS_ETIMEOUT",
    ]);
  });

  // A shorter deadline is mostly spent in our own queue where the machine is busy.
  test.each([2_000, 4_000])("have half of a deadline of %i ms", async (timeoutMs) => {
    const { what, tookMs } = await ask("silent.test", timeoutMs);
    expect(what).toBe("DNS_ETIMEOUT");
    expect(tookMs).toBeLessThan(timeoutMs);
  });
});
