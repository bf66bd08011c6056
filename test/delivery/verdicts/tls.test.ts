import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import {
  makeTestCa,
  writeCaFile,
  type Certificate,
  type TestCa,
} from "../../harness/receiver/tls.ts";
import { deliverTo, ended, story } from "../deliveries.ts";
import {
  firstThen,
  OK,
  says,
  startRenewedTlsEndpoint,
  SILENT,
  startTcpEndpoint,
} from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const DEADLINE_MS = 1_500;
const HOUR_MS = 3_600_000;

let platform: Platform;
let trusted: TestCa;
let stranger: TestCa;
let good: Certificate;

beforeAll(async () => {
  [trusted, stranger] = await Promise.all([makeTestCa(), makeTestCa("Somebody else's CA")]);
  good = await trusted.issue({ ip: "127.0.0.1" });
  platform = await startPlatform({
    dispatcherEnv: {
      RETRY_DELAYS: "300ms",
      DELIVERY_TIMEOUT: `${DEADLINE_MS}ms`,
      NODE_EXTRA_CA_CERTS: await writeCaFile(trusted),
    },
  });
});

afterAll(() => platform.stop());

describe("200 over TLS is delivered", () => {
  test.concurrent.each([
    ["at an address", { ip: "127.0.0.1" }, "127.0.0.1"],
    ["at a name", { hostname: "localhost" }, "localhost"],
  ])("%s that the certificate is for", async (_what, request, host) => {
    const { certPem, keyPem } = await trusted.issue(request);
    const receiver = await startReceiver(undefined, { tls: { certPem, keyPem } });
    const event = await deliverTo(platform, receiver.url("/hook", host));
    expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
    expect(receiver.requests[0]?.headers.host).toBe(`${host}:${receiver.port}`);
    await receiver.stop();
  });
});

const BAD: Record<string, () => Promise<Certificate>> = {
  "an untrusted certificate": () => stranger.issue({ ip: "127.0.0.1" }),
  "an expired certificate": () =>
    trusted.issue({ ip: "127.0.0.1", notAfter: new Date(Date.now() - HOUR_MS) }),
  "a certificate that is not valid yet": () =>
    trusted.issue({ ip: "127.0.0.1", notBefore: new Date(Date.now() + HOUR_MS) }),
  "a certificate for another name": () => trusted.issue({ hostname: "other.example" }),
  "a certificate for another address": () => trusted.issue({ ip: "127.0.0.2" }),
};

describe("an attempt fails with reason tls, and the next one is delivered once it is mended, after", () => {
  test.concurrent.each(Object.entries(BAD))("%s", async (_what, issue) => {
    const endpoint = await startRenewedTlsEndpoint(await issue(), good);
    const event = await deliverTo(platform, endpoint.url("/hook"));
    const records = await ended(platform, event);
    expect(story(records)).toEqual(["1: tls, retry", "2: delivered 200, done"]);
    expect(endpoint.connections).toBe(2);
    await endpoint.stop();
  });
});

test("a server that speaks no TLS fails with reason tls, at every attempt", async () => {
  const endpoint = await startTcpEndpoint(says("HTTP/1.1 400 Bad Request\r\n\r\n", "end"));
  const event = await deliverTo(platform, `https://127.0.0.1:${endpoint.port}/hook`);
  expect(story(await ended(platform, event))).toEqual(["1: tls, retry", "2: tls, dead_letter"]);
  await endpoint.stop();
});

test("a server that is silent in the handshake is given up at the deadline", async () => {
  const endpoint = await startTcpEndpoint(SILENT);
  const event = await deliverTo(platform, `https://127.0.0.1:${endpoint.port}/hook`);
  const records = await ended(platform, event);
  await endpoint.stop();
  expect(story(records)).toEqual(["1: timeout, retry", "2: timeout, dead_letter"]);
  for (const { duration_ms: durationMs } of records) {
    expect(durationMs).toBeGreaterThanOrEqual(DEADLINE_MS);
    expect(durationMs).toBeLessThan(DEADLINE_MS + 2_500);
  }
});

test("a TLS server at an http: URL does not count as an answer", async () => {
  const endpoint = await startTcpEndpoint(
    firstThen(says("\u0015\u0003\u0001\0\u0002\u0002\u0016", "end"), says(OK)),
  );
  const event = await deliverTo(platform, endpoint.url("/hook"));
  const records = await ended(platform, event);
  expect(story(records)).toEqual(["1: protocol, retry", "2: delivered 200, done"]);
  await endpoint.stop();
});
