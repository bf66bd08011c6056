import { createServer } from "node:http";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import { makeTestCa, writeCaFile, type TestCa } from "../../harness/receiver/tls.ts";
import { deliverTo, ended, newAgentId, story } from "../deliveries.ts";
import {
  listen,
  startTcpEndpoint,
  type Endpoint,
  type OnConnection,
} from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const AT_ONCE = 4;
/** Far more than one connection for each of those at once. */
const DELIVERIES = 80;

let platform: Platform;
let ca: TestCa;

beforeAll(async () => {
  ca = await makeTestCa();
  platform = await startPlatform({
    dispatcherEnv: {
      RETRY_DELAYS: "300ms",
      DELIVERY_TIMEOUT: "5s",
      ENDPOINT_MAX_IN_FLIGHT: String(AT_ONCE),
      NODE_EXTRA_CA_CERTS: await writeCaFile(ca),
    },
  });
});

afterAll(() => platform.stop());

describe("many deliveries to one endpoint", () => {
  test.each(["http", "https"])("share a few connections over %s", async (scheme) => {
    const tls = await ca.issue({ ip: "127.0.0.1" });
    const receiver = await startReceiver(undefined, scheme === "https" ? { tls } : {});
    const agentId = newAgentId();
    const subscription = { event_type: "call_completed", callback_url: receiver.url("/") } as const;
    await platform.subscribe([subscription], { agentId });
    await Promise.all(
      Array.from({ length: DELIVERIES }, (_, n) =>
        platform.publish({ agentId, callId: `${agentId}-${n}` }),
      ),
    );
    const requests = await receiver.received(DELIVERIES);
    const { connections } = receiver;
    await receiver.stop();
    expect(requests).toHaveLength(DELIVERIES);
    expect(connections).toBeLessThanOrEqual(2 * AT_ONCE);
  });
});

/** When a request came on a connection, and when the client ended it. */
interface Visit {
  readonly requestsMs: number[];
  endedMs: number | null;
}

/** Says `headers` and 200 to each request, and notes what the client does to the connection. */
async function startNoting(headers: string): Promise<{ endpoint: Endpoint; visits: Visit[] }> {
  const visits: Visit[] = [];
  const onConnection: OnConnection = (socket) => {
    const visit: Visit = { requestsMs: [], endedMs: null };
    visits.push(visit);
    socket.once("end", () => {
      visit.endedMs = performance.now();
    });
    socket.on("data", (data: Buffer) => {
      if (!data.toString("latin1").endsWith("}")) return; // the body comes with the head or after it
      visit.requestsMs.push(performance.now());
      socket.write(`HTTP/1.1 200 OK\r\n${headers}content-length: 0\r\n\r\n`);
    });
  };
  return { endpoint: await startTcpEndpoint(onConnection), visits };
}

describe("a connection that the endpoint is about to close", () => {
  test.concurrent.each([
    ["keep-alive: timeout=5\r\n", 3_000, 4_700],
    ["", 4_000, 5_700],
  ])("is left well before: %j", async (headers, earliestMs, latestMs) => {
    const { endpoint, visits } = await startNoting(headers);
    let idleMs = Infinity;
    // Where the machine was held up for a moment, another connection shows it.
    for (let n = 0; n < 3 && idleMs >= latestMs; n += 1) {
      await ended(platform, await deliverTo(platform, endpoint.url("/")));
      const visit = visits[n];
      await eventually(() => visit?.endedMs ?? null, { what: "the client ends the connection" });
      idleMs = (visit?.endedMs ?? 0) - (visit?.requestsMs[0] ?? 0);
      expect(idleMs).toBeGreaterThan(earliestMs - 100);
    }
    await endpoint.stop();
    expect(idleMs).toBeLessThan(latestMs);
  });

  test.concurrent.each(["keep-alive: timeout=1\r\n", "connection: close\r\n"])(
    "takes no second request: %j",
    async (headers) => {
      const { endpoint, visits } = await startNoting(headers);
      for (let n = 0; n < 5; n += 1) {
        const event = await deliverTo(platform, endpoint.url("/"));
        expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
      }
      await endpoint.stop();
      expect(visits.map(({ requestsMs }) => requestsMs.length)).toEqual([1, 1, 1, 1, 1]);
    },
  );
});

test("connections that the endpoint closed while they were idle cost no attempt", async () => {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
  });
  const endpoint = await listen(server, "127.0.0.1", 0, "http");
  for (let n = 0; n < 20; n += 1) {
    const event = await deliverTo(platform, endpoint.url("/"));
    expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
    for (const socket of sockets) socket.end();
    await eventually(() => endpoint.open === 0, { what: "the client has noticed" });
  }
  expect(endpoint.connections).toBe(20);
  await endpoint.stop();
});

test("a connection that is reset under the next request costs no attempt: it is sent again, and the record says so", async () => {
  let requests = 0;
  const endpoint = await startTcpEndpoint((socket, nth) => {
    let onThisConnection = 0;
    socket.on("data", (data: Buffer) => {
      if (!data.toString("latin1").endsWith("}")) return; // the body comes with the head or after it
      requests += 1;
      onThisConnection += 1;
      if (nth === 1 && onThisConnection === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  const records: AttemptRecord[] = [];
  for (let n = 0; n < 2; n += 1) {
    records.push(...(await ended(platform, await deliverTo(platform, endpoint.url("/")))));
  }
  await endpoint.stop();
  expect(story(records)).toEqual(["1: delivered 200, done", "1: delivered 200, done"]);
  expect(records.map(({ resent }) => resent)).toEqual([undefined, true]);
  expect(requests).toBe(3);
  expect((await platform.dispatchers[0]?.metrics())?.value("ringback_resent_total")).toBe(1);
});
