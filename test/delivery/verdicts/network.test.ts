import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byPath, inTurn, status, type Behaviour } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { deliverTo, ended, story } from "../deliveries.ts";
import {
  firstThen,
  OK,
  says,
  startTcpEndpoint,
  unusedPort,
  type OnConnection,
} from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const DEADLINE_MS = 1_500;

/** How late a verdict may be on a busy machine. */
/** Other tests want the same processors; `make load` measures it. */
const LATE_MS = 2_500;

let platform: Platform;
let receiver: Receiver;

const BEHAVIOURS: Record<string, readonly [Behaviour, string]> = {
  "a reset before the request was read": [{ kind: "reset_before_reading" }, "connection_reset"],
  "a reset after the request was read": [{ kind: "reset_after_reading" }, "connection_reset"],
  "half an answer, then the end of the connection": [{ kind: "half_answer" }, "connection_reset"],
  "an answer that is not HTTP": [{ kind: "garbage" }, "protocol"],
  "more than ten 1xx answers": [{ kind: "drip_informational", everyMs: 10 }, "protocol"],
  "a few 1xx answers past the deadline": [{ kind: "drip_informational", everyMs: 400 }, "timeout"],
  "header bytes past the deadline": [{ kind: "drip_header_bytes", everyMs: 50 }, "timeout"],
  "a server that accepts and says nothing": [{ kind: "hang" }, "timeout"],
  "200 after the deadline": [{ kind: "late_status", status: 200, afterMs: 2_000 }, "timeout"],
};

const ENDLESS_HEADERS = `HTTP/1.1 200 OK\r\nx-huge: ${"x".repeat(100_000)}\r\n\r\n`;

const CONNECTIONS: Record<string, readonly [OnConnection, string]> = {
  "the end of the connection before a request was read": [
    (socket) => socket.end(),
    "connection_reset",
  ],
  "100,000 bytes of headers": [says(ENDLESS_HEADERS), "protocol"],
  "101 that nobody asked for": [
    says("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    "protocol",
  ],
  "a status of two digits": [says("HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n"), "protocol"],
  "a status below 100": [says("HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n"), "protocol"],
  "two answers of which the first is too short": [
    says("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    "protocol",
  ],
};

const pathOf = (what: string): string => `/${what.replaceAll(/\W+/g, "-")}`;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: {
        RETRY_DELAYS: "300ms,300ms,300ms,1s",
        DELIVERY_TIMEOUT: `${DEADLINE_MS}ms`,
        RES_OPTIONS: "timeout:1 attempts:1", // resolv.conf(5): a resolver that is away answers in time
      },
    }),
    startReceiver(),
  ]);
  receiver.setScript(
    byPath(
      Object.fromEntries(
        Object.entries(BEHAVIOURS).map(([what, [behaviour]]) => [
          pathOf(what),
          inTurn(behaviour, status(200)),
        ]),
      ),
    ),
  );
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

describe("an attempt fails with its reason and is tried again after", () => {
  test.concurrent.each(Object.entries(BEHAVIOURS))("%s", async (what, [, reason]) => {
    const event = await deliverTo(platform, receiver.url(pathOf(what)));
    const records = await ended(platform, event);
    expect(story(records)).toEqual([`1: ${reason}, retry`, "2: delivered 200, done"]);
    const durationMs = records[0]?.duration_ms ?? -1;
    const isTimeout = reason === "timeout";
    expect(durationMs).toBeGreaterThanOrEqual(isTimeout ? DEADLINE_MS : 0);
    expect(durationMs).toBeLessThan(isTimeout ? DEADLINE_MS + LATE_MS : DEADLINE_MS);
  });

  test.concurrent.each(Object.entries(CONNECTIONS))("%s", async (_what, [first, reason]) => {
    const endpoint = await startTcpEndpoint(firstThen(first, says(OK)));
    const event = await deliverTo(platform, endpoint.url("/hook"));
    const records = await ended(platform, event);
    await endpoint.stop();
    expect(story(records)).toEqual([`1: ${reason}, retry`, "2: delivered 200, done"]);
  });

  test.concurrent("a refused connection", async () => {
    const port = await unusedPort();
    const event = await deliverTo(platform, `http://127.0.0.1:${port}/hook`);
    const [first] = await platform.attempted(event, 1);
    const endpoint = await startTcpEndpoint(says(OK), { port });
    const records = await ended(platform, event);
    await endpoint.stop();
    expect(first?.outcome).toMatchObject({ kind: "failed", reason: "connection_refused" });
    expect(story(records).at(-1)).toBe(`${records.length}: delivered 200, done`);
  });

  test.concurrent("a name that does not resolve", async () => {
    const event = await deliverTo(platform, "http://nonexistent.invalid/hook");
    const { agentId } = event.address;
    const [first] = await platform.attempted(event, 2);
    const corrected = {
      event_type: event.address.eventType,
      callback_url: receiver.url("/corrected"),
    };
    await platform.subscribe([corrected], { agentId });
    const records = await ended(platform, event);
    expect(first?.outcome).toMatchObject({ kind: "failed", reason: "dns" });
    expect(records[1]?.outcome).toMatchObject({ kind: "failed", reason: "dns" });
    expect(story(records).at(-1)).toBe(`${records.length}: delivered 200, done`);
  });
});

test("nothing that happened counts as a fault of the platform's own", async () => {
  const metrics = await platform.dispatchers[0]!.metrics();
  expect(metrics.value("ringback_own_faults_total")).toBe(0);
});
