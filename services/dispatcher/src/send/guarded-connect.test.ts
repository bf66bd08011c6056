import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { makeTestCa } from "../../../../test/harness/receiver/tls.ts";
import {
  SILENT,
  startRenewedTlsEndpoint,
  startTcpEndpoint,
  type Endpoint,
} from "../../../../test/harness/receiver/failing-endpoints.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { guardedConnect, type ConnectPolicy } from "./guarded-connect.ts";
import { nameResolver, type NameResolver } from "./resolve-name.ts";

failOnLeaks();

let names: NameResolver;
let tcp: Endpoint;
let tls: Endpoint;
let ipv6: Endpoint;

beforeAll(async () => {
  names = nameResolver({ useSystemNames: true });
  const certificate = await (await makeTestCa()).issue({ hostname: "localhost" });
  [tcp, tls, ipv6] = await Promise.all([
    startTcpEndpoint(SILENT),
    startRenewedTlsEndpoint(certificate, certificate),
    startTcpEndpoint(SILENT, { host: "::1" }),
  ]);
});

afterAll(async () => {
  names.close();
  await Promise.all([tcp.stop(), tls.stop(), ipv6.stop()]);
});

const NOTHING_OPENED = { allowedPrivateCidrs: [], connectTimeoutMs: 1_000 };
const LOOPBACK_OPENED = { allowedPrivateCidrs: ["127.0.0.0/8"], connectTimeoutMs: 300 };

/** The code of the error that connecting ends with, or `connected`. */
const connect = (
  policy: ConnectPolicy,
  protocol: string,
  hostname: string,
  port: number,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const at = { protocol, hostname, host: `${hostname}:${port}`, port: String(port) };
    const options = { ...at, deadlineMs: performance.now() + 2_000 };
    guardedConnect(policy, names)("w1")(options, (...[error, socket]) => {
      socket?.on("error", () => {}).destroy();
      resolve(error === null ? "connected" : (error as NodeJS.ErrnoException).code);
    });
  });

describe.each(["http:", "https:"])("over %s", (protocol) => {
  test.each(["127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1"])(
    "%s is refused before anything is sent there",
    async (hostname) => {
      const { port } = protocol === "http:" ? tcp : tls;
      expect(await connect(NOTHING_OPENED, protocol, hostname, port)).toBe("ERR_IP_BLOCKED");
      expect([tcp.connections, tls.connections]).toEqual([0, 0]);
    },
  );

  test("IPv6 loopback is refused, also where IPv4's is opened", async () => {
    expect(await connect(NOTHING_OPENED, protocol, "::1", ipv6.port)).toBe("ERR_IP_BLOCKED");
    expect(await connect(LOOPBACK_OPENED, protocol, "::1", ipv6.port)).toBe("ERR_IP_BLOCKED");
    expect(ipv6.connections).toBe(0);
  });
});

describe("where the network is opened", () => {
  test("a connection is made, and its certificate is still verified", async () => {
    expect(await connect(LOOPBACK_OPENED, "http:", "127.0.0.1", tcp.port)).toBe("connected");
    expect(await connect(LOOPBACK_OPENED, "https:", "127.0.0.1", tls.port)).toBe(
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    );
  });

  test("a handshake that is not answered ends in time, and its connection with it", async () => {
    const startedMs = performance.now();
    expect(await connect(LOOPBACK_OPENED, "https:", "127.0.0.1", tcp.port)).toBe(
      "UND_ERR_CONNECT_TIMEOUT",
    );
    expect(performance.now() - startedMs).toBeLessThan(300 + 2_000);
    await eventually(() => tcp.open === 0);
    await eventually(() => tls.open === 0);
  });
});
