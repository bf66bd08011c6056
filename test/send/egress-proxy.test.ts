import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { egressProxyOf } from "../../services/dispatcher/src/send/decide/egress-proxy.ts";
import { createSender } from "../../services/dispatcher/src/send/send.ts";
import { type Endpoint, listen, unusedPort } from "../harness/receiver/failing-endpoints.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { makeTestCa, type TestCa } from "../harness/receiver/tls.ts";

failOnLeaks();

/** What the proxy refuses, by the first label of the name. */
const REFUSALS: Record<string, string> = {
  forbidden: "403 Forbidden",
  denied: "407 Request Rejected by Proxy",
  credentials: "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic",
  gone: "502 Bad Gateway\r\nProxy-Status: proxy.test; error=connection_refused",
  unknown: "503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0",
  unsaid: "502 Bad Gateway",
  overloaded: "503 Service Unavailable",
  broken: "503 Service Unavailable\r\nProxy-Status: proxy.test; error=proxy_internal_error",
  slow: "504 Gateway Timeout",
  odd: "500 Internal Server Error",
  unclear: "99",
};

const TIMEOUT_MS = 1_500;

let ca: TestCa;
let plain: Receiver;
let secure: Receiver;
let proxy: Endpoint;
const asked: { authority: string; authorization: string | undefined }[] = [];

/** Knows every name of `.test` as this machine. */
const startProxy = async (): Promise<Endpoint> => {
  const server = createServer();
  server.on("connect", (request, client) => {
    const authority = request.url ?? "";
    asked.push({ authority, authorization: request.headers["proxy-authorization"] });
    const [label = ""] = authority.split(".");
    const refusal = REFUSALS[label];
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
      return;
    }
    if (label === "silent") return;
    const target = connect(Number(authority.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    target.on("error", () => client.destroy());
    client.on("error", () => target.destroy());
  });
  return listen(server, "127.0.0.1", 0, "http");
};

beforeAll(async () => {
  ca = await makeTestCa();
  [plain, secure, proxy] = await Promise.all([
    startReceiver(),
    startReceiver(undefined, { tls: await ca.issue({ hostname: "endpoint.test" }) }),
    startProxy(),
  ]);
});

afterAll(async () => {
  await Promise.all([plain.stop(), secure.stop(), proxy.stop()]);
});

const resultOf = async (url: string, through: string, extraCa: readonly string[] = [ca.caPem]) => {
  const sender = createSender({
    defaultTimeoutMs: TIMEOUT_MS,
    maxConnectionsPerOrigin: 4,
    allowedPrivateCidrs: [],
    extraCa,
    proxy: egressProxyOf(through),
  });
  const body = Buffer.from("{}");
  const sent = await sender.send({
    workspaceId: "w1",
    timeoutMs: TIMEOUT_MS,
    method: "POST",
    url,
    headers: {},
    body,
  });
  await sent.released;
  await sender.close();
  return sent.result;
};

const ours = (): string => `http://user:s3cret@127.0.0.1:${proxy.port}`;

describe("with an egress proxy", () => {
  test.each(["http", "https"])("an %s endpoint is reached through it, by name", async (scheme) => {
    const receiver = scheme === "http" ? plain : secure;
    const authority = `endpoint.test:${receiver.port}`;
    expect(await resultOf(`${scheme}://${authority}/`, ours())).toMatchObject({ status: 200 });
    const authorization = `Basic ${Buffer.from("user:s3cret").toString("base64")}`;
    expect(asked.at(-1)).toEqual({ authority, authorization });
    const received = receiver.requests.at(-1);
    expect(received?.headers["proxy-authorization"]).toBeUndefined();
  });

  test("the endpoint's certificate is still checked: authority and name", async () => {
    const untrusted = await resultOf(`https://endpoint.test:${secure.port}/`, ours(), []);
    expect(untrusted).toMatchObject({ reason: "tls" });
    const misnamed = await resultOf(`https://other.test:${secure.port}/`, ours());
    expect(misnamed).toMatchObject({ reason: "tls", detail: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test.each(["127.0.0.1", "[::1]", "169.254.169.254", "2130706433", "[::ffff:10.0.0.1]"])(
    "a literal is judged before the proxy hears of it: %s",
    async (host) => {
      const before = asked.length;
      for (const scheme of ["http", "https"]) {
        const result = await resultOf(`${scheme}://${host}:${plain.port}/`, ours());
        expect(result).toMatchObject({ reason: "blocked_address", detail: "ERR_IP_BLOCKED" });
      }
      expect(asked).toHaveLength(before);
    },
  );

  test.each([
    ["forbidden", { reason: "blocked_address" }],
    ["denied", { reason: "blocked_address" }],
    ["gone", { reason: "connection_refused" }],
    ["unknown", { reason: "dns" }],
    ["unsaid", { kind: "platform_fault", fault: "network", detail: "PROXY_UNAVAILABLE" }],
    ["overloaded", { kind: "platform_fault", fault: "network", detail: "PROXY_UNAVAILABLE" }],
    ["broken", { kind: "platform_fault", fault: "network", detail: "PROXY_UNAVAILABLE" }],
    ["slow", { reason: "timeout" }],
    ["silent", { reason: "timeout" }],
    ["credentials", { kind: "platform_fault", fault: "network", detail: "PROXY_AUTHENTICATION" }],
    ["odd", { kind: "platform_fault", fault: "network", detail: "PROXY_PROTOCOL" }],
    ["unclear", { kind: "platform_fault", fault: "network", detail: "PROXY_PROTOCOL" }],
  ])("that says '%s' of a name, an attempt comes to %j", async (label, expected) => {
    expect(await resultOf(`https://${label}.test/`, ours())).toMatchObject(expected);
  });

  test("that is away, nothing is the endpoint's fault", async () => {
    const away = `http://127.0.0.1:${await unusedPort()}`;
    const expected = { kind: "platform_fault", fault: "network", detail: "PROXY_UNREACHABLE" };
    expect(await resultOf("https://endpoint.test/", away)).toEqual(expected);
  });
});
