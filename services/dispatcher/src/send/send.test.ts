import { Buffer } from "node:buffer";
import { setInterval as everyMs } from "node:timers/promises";
import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  OK,
  says,
  SILENT,
  startTcpEndpoint,
  unusedPort,
  type OnConnection,
} from "../../../../test/harness/receiver/failing-endpoints.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { createSender, type Sender, type Sent } from "./send.ts";

failOnLeaks();

const DEADLINE_MS = 500;
/** Other tests want the same processors; `make load` measures it. */
const LATE_MS = 2_500;
const OPTIONS = {
  defaultTimeoutMs: DEADLINE_MS,
  maxConnectionsPerOrigin: 64,
  allowedPrivateCidrs: ["127.0.0.0/8", "::1/128"],
};

let sender: Sender;

beforeAll(() => {
  sender = createSender(OPTIONS);
});

afterAll(() => sender.close());

const ask = (
  url: string,
  body: Buffer = Buffer.from("{}"),
  from = sender,
  timeoutMs = DEADLINE_MS,
): Promise<Sent> =>
  from.send({
    workspaceId: "w1",
    timeoutMs,
    method: "POST",
    url,
    headers: { "content-type": "application/json" },
    body,
  });

/** What came of one request to an endpoint that does this. */
const resultAt = async (onConnection: OnConnection, body?: Buffer): Promise<Sent["result"]> => {
  const endpoint = await startTcpEndpoint(onConnection);
  const { result, released } = await ask(endpoint.url("/"), body);
  await released;
  await endpoint.stop();
  return result;
};

const DRIP: OnConnection = (socket) => {
  socket.resume().write("HTTP/1.1 200 OK\r\nx-drip: ");
  const timer = setInterval(() => socket.write("x"), 20);
  socket.once("close", () => clearInterval(timer));
};

const FLOOD_OF_1XX: OnConnection = (socket) => {
  socket.once("data", () => socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000)));
};

const ENDLESS_BODY: OnConnection = (socket) => {
  socket.once("data", () => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const more = (): void => {
      while (socket.writable && socket.write("x".repeat(16_384)));
    };
    socket.on("drain", more);
    more();
  });
};

const TOO_LARGE = "HTTP/1.1 413 Content Too Large\r\nconnection: close\r\n\r\ntoo large";

const ANSWERS_EARLY: OnConnection = (socket) => {
  socket.once("data", () => socket.pause().end(TOO_LARGE));
};

const ANSWERS_EARLY_AND_RESETS: OnConnection = (socket) => {
  socket.once("data", () => socket.pause().write(TOO_LARGE, () => socket.resetAndDestroy()));
};

const NO_LENGTH = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

const HOSTILE: Record<string, OnConnection> = {
  "says nothing": SILENT,
  "ends at once": (socket) => socket.resume().end(),
  "resets at once": (socket) => socket.resetAndDestroy(),
  "resets after the request": (socket) => socket.once("data", () => socket.resetAndDestroy()),
  "drips header bytes": DRIP,
  "floods with 1xx": FLOOD_OF_1XX,
  "is not HTTP": says("220 mail.example ESMTP\r\n", "end"),
  "sends huge headers": says(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(200_000)}\r\n\r\n`),
  "sends many headers": says(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}\r\n`),
  "sends an endless body": ENDLESS_BODY,
  "breaks the body off": says(`${NO_LENGTH}5\r\nab`, "end"),
  "answers twice": says(OK.repeat(2)),
  upgrades: says("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
  "has a status below 100": says("HTTP/1.1 099 OK\r\n\r\n"),
  "is cut in the status line": says("HTTP/1.1 2", "end"),
  "has two lengths": says("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 9\r\n\r\nab"),
  "speaks before it is asked": (socket) => socket.resume().write(OK),
  "answers and resets": (socket) =>
    socket.once("data", () => socket.write(OK, () => socket.resetAndDestroy())),
};

test("200 hostile requests throw nothing, resolve in time, and leave no connection behind", async () => {
  const own = createSender(OPTIONS);
  const endpoints = await Promise.all(Object.values(HOSTILE).map((act) => startTcpEndpoint(act)));
  const urls = endpoints.flatMap(({ port }) => [
    `http://127.0.0.1:${port}/`,
    `https://127.0.0.1:${port}/`,
  ]);
  urls.push(
    "http://nonexistent.invalid/",
    `http://127.0.0.1:${await unusedPort()}/`,
    "no url",
    "ftp://x/",
  );
  const startedMs = performance.now();
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, n) => ask(urls[n % urls.length] ?? "", undefined, own)),
  );
  const verdictsMs = performance.now() - startedMs;
  await Promise.all(all.map(({ released }) => released));
  const reasons = all.map(({ result }) => ("reason" in result ? result.reason : result.kind));
  expect(["response", ...FAILURE_REASONS]).toEqual(expect.arrayContaining(reasons));
  // The slowest reads an answer's body for 2 s.
  expect(verdictsMs).toBeLessThan(DEADLINE_MS + 2_000 + 2 * LATE_MS);
  const open = (): string[] => Object.keys(HOSTILE).filter((_, n) => endpoints[n]?.open !== 0);
  await eventually(() => expect(open()).toEqual([]), { what: "connections are gone" });
  await own.close();
  await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
});

describe("the deadline", () => {
  test.concurrent.each(["says nothing", "drips header bytes"])("ends one that %s", async (what) => {
    const result = await resultAt(HOSTILE[what] ?? SILENT);
    expect(result).toMatchObject({ kind: "no_response", reason: "timeout", unreachable: false });
    const durationMs = "durationMs" in result ? result.durationMs : -1;
    expect(durationMs).toBeGreaterThanOrEqual(DEADLINE_MS);
    expect(durationMs).toBeLessThan(DEADLINE_MS + LATE_MS);
  });

  test.concurrent(
    "holds in a TLS handshake too, and the connection is released soon after",
    async () => {
      const endpoint = await startTcpEndpoint(SILENT);
      const { result, released } = await ask(`https://127.0.0.1:${endpoint.port}/`);
      expect(result).toMatchObject({ reason: "timeout" });
      await released;
      await eventually(() => endpoint.open === 0, { timeoutMs: 3_000 });
      await endpoint.stop();
    },
  );

  test.concurrent("is not cut short by the time that connecting may take", async () => {
    // undici's connect timers share one tick: only attempts that begin at other moments show it.
    const timeoutMs = 1_400;
    const own = createSender({ ...OPTIONS, defaultTimeoutMs: timeoutMs });
    const endpoint = await startTcpEndpoint(SILENT);
    const asked: Promise<Sent>[] = [];
    for await (const _ of everyMs(50)) {
      asked.push(ask(`https://127.0.0.1:${endpoint.port}/`, undefined, own, timeoutMs));
      if (asked.length === 20) break;
    }
    const results = (await Promise.all(asked)).map(({ result }) => result);
    await own.close();
    await endpoint.stop();
    const durations = results.map((result) => ("durationMs" in result ? result.durationMs : -1));
    expect(Math.min(...durations)).toBeGreaterThanOrEqual(timeoutMs);
  });

  test.concurrent(
    "does not wait for a body: an answer's duration ends with its headers",
    async () => {
      const result = await resultAt(says("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
      expect(result).toMatchObject({ kind: "response", status: 200, bodyText: "abc" });
      // The body was waited for, 2 s.
      expect("durationMs" in result && result.durationMs).toBeLessThan(DEADLINE_MS + LATE_MS);
    },
  );
});

describe("an answer", () => {
  test.concurrent.each(["sends huge headers", "sends many headers", "floods with 1xx"])(
    "is protocol when it %s",
    async (what) => {
      expect(await resultAt(HOSTILE[what] ?? SILENT)).toMatchObject({ reason: "protocol" });
    },
  );

  test.concurrent.each([
    ["breaks the body off", "ab"],
    ["sends an endless body", "x".repeat(3_072)],
  ])("that %s counts, with what came of it", async (what, bodyText) => {
    const result = await resultAt(HOSTILE[what] ?? SILENT);
    expect(result).toMatchObject({ kind: "response", status: 200, bodyText });
  });

  test("counts when it comes before the body was read", async () => {
    const result = await resultAt(ANSWERS_EARLY, Buffer.alloc(1_024 * 1_024, "x"));
    expect(result).toMatchObject({ kind: "response", status: 413, bodyText: "too large" });
  });

  test("that is followed by a reset, with the body unread, counts or is a reset", async () => {
    const result = await resultAt(ANSWERS_EARLY_AND_RESETS, Buffer.alloc(1_024 * 1_024, "x"));
    const what = result.kind === "response" ? result.status : "reason" in result && result.reason;
    expect([413, "connection_reset"]).toContain(what);
  });
});

describe("an unusual URL", () => {
  test("at IPv6 loopback is sent to", async () => {
    const endpoint = await startTcpEndpoint(says(OK), { host: "::1" });
    const { result } = await ask(`http://[::1]:${endpoint.port}/`);
    await endpoint.stop();
    expect(result).toMatchObject({ kind: "response", status: 200 });
  });

  test("with a port that browsers refuse is sent to", async () => {
    // fetch.spec.whatwg.org, "bad port": each of these is one.
    const ports = [6_000, 6_566, 6_665, 6_666, 6_667, 6_668, 6_669, 6_697];
    const endpoint = await eventually(
      () => {
        ports.push(ports.shift() ?? 6_000);
        return startTcpEndpoint(says(OK), { port: ports[0]! });
      },
      { what: "one of the ports is free" },
    );
    const { result } = await ask(endpoint.url("/"));
    await endpoint.stop();
    expect(result).toMatchObject({ kind: "response", status: 200 });
  });

  test.each(["nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"])(
    "that cannot be sent to is internal: %s",
    async (url) => {
      const { result, released } = await ask(url);
      await released;
      expect(result).toMatchObject({ kind: "no_response", reason: "internal" });
    },
  );
});

test("a header that cannot be sent is internal, and nothing is thrown", async () => {
  const { result } = await sender.send({
    workspaceId: "w1",
    timeoutMs: DEADLINE_MS,
    method: "POST",
    url: "http://127.0.0.1:1/",
    headers: { "x-bad": "a\r\nb: c" },
    body: Buffer.from("{}"),
  });
  expect(result).toMatchObject({ kind: "no_response", reason: "internal" });
});
