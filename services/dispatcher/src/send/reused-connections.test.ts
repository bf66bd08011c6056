import { Buffer } from "node:buffer";
import { createServer as createTlsServer } from "node:tls";
import { connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  listen,
  OK,
  startTcpEndpoint,
  type Endpoint,
  type OnConnection,
} from "../../../../test/harness/receiver/failing-endpoints.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { makeTestCa, type TestCa } from "../../../../test/harness/receiver/tls.ts";
import { egressProxyOf } from "./decide/egress-proxy.ts";
import { createSender, type Sender } from "./send.ts";

failOnLeaks();

const KEPT = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/** How an endpoint ends a connection just as a request comes. */
const ENDS: Record<string, (socket: Socket) => void> = {
  "closes it": (socket) => socket.destroy(),
  "half-closes it": (socket) => socket.end(),
  "resets it": (socket) => reset(socket),
};

/** By TLS socket: what it runs on, which alone can be reset. */
const beneath = new WeakMap<Socket, Socket>();
const reset = (socket: Socket): unknown => (beneath.get(socket) ?? socket).resetAndDestroy();

let ca: TestCa;

beforeAll(async () => {
  ca = await makeTestCa();
});

/** Answers the first request of each connection, and does `then` to the second. */
const answersOnce =
  (then: (socket: Socket) => void, requests: string[]): OnConnection =>
  (socket) => {
    let onThisOne = 0;
    socket.on("data", (data) => {
      if (!data.includes("POST")) return; // a body that comes behind its head
      requests.push(data.toString("latin1"));
      onThisOne += 1;
      if (onThisOne === 1) socket.write(KEPT);
      else then(socket);
    });
  };

const senderTo = (proxy?: string): Sender =>
  createSender({
    maxConnectionsPerOrigin: 1, // so that the next request takes the one that is idle
    allowedPrivateCidrs: ["127.0.0.0/8"],
    extraCa: [ca.caPem],
    names: { useSystemNames: true },
    proxy: proxy === undefined ? undefined : egressProxyOf(proxy),
  });

const ask = async (sender: Sender, url: string, isRetry = false) => {
  const request = { workspaceId: "w1", timeoutMs: 5_000, isRetry };
  const sent = await sender.send({
    ...request,
    method: "POST",
    url,
    headers: {},
    body: Buffer.from("{}"),
  });
  await sent.released;
  return sent.result;
};

const startTls = async (onConnection: OnConnection): Promise<Endpoint> => {
  const { certPem: cert, keyPem: key } = await ca.issue({ hostname: "localhost" });
  const server = createTlsServer({ cert, key });
  let raw: Socket | undefined;
  server.on("connection", (socket: Socket) => {
    raw = socket;
  });
  server.on("secureConnection", (socket) => {
    if (raw !== undefined) beneath.set(socket, raw);
    socket.on("error", () => {});
    onConnection(socket, 0);
  });
  return listen(server, "127.0.0.1", 0, "https");
};

/** Tunnels every name to this machine. */
const startProxy = (): Promise<Endpoint> => {
  const server = createServer((client) => {
    client.once("data", (head) => {
      const port = Number(/:(\d+) HTTP/.exec(head.toString("latin1"))?.[1]);
      const target = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.pipe(client).pipe(target);
      });
      target.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.on("error", () => target.destroy());
    });
  });
  return listen(server, "127.0.0.1", 0, "http");
};

describe.each(Object.entries(ENDS))("an endpoint that %s as a request comes", (_how, end) => {
  test.each(["http", "https", "http through a proxy"])(
    "is sent the same once more, on a new connection, over %s",
    async (way) => {
      const requests: string[] = [];
      const act = answersOnce(end, requests);
      const endpoint = way === "https" ? await startTls(act) : await startTcpEndpoint(act);
      const proxy = way.includes("proxy") ? await startProxy() : undefined;
      const sender = senderTo(proxy?.url(""));
      const url = endpoint.url("/", "localhost");
      const results = [await ask(sender, url), await ask(sender, url), await ask(sender, url)];
      await sender.close();
      await Promise.all([endpoint.stop(), proxy?.stop()]);
      expect(results).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200 }]);
      expect(results.map((one) => "resent" in one && one.resent)).toEqual([false, true, false]);
      // The third one found no idle connection: the second had one for itself.
      expect(requests).toHaveLength(4);
      const heads = requests.map((one) => one.split("\r\n\r\n")[0]);
      expect(heads[2]?.replace("close", "keep-alive")).toBe(heads[1]);
    },
  );
});

describe("a request is not sent again", () => {
  const cases: Record<string, (socket: Socket) => void> = {
    "where a byte of an answer had come": (socket) => socket.end("H"),
    "where hints had come": (socket) => socket.end("HTTP/1.1 103 Early Hints\r\n\r\n"),
    "where 100 Continue had come": (socket) => socket.end("HTTP/1.1 100 Continue\r\n\r\n"),
  };
  test.each(Object.entries(cases))("%s", async (_what, end) => {
    const requests: string[] = [];
    const endpoint = await startTcpEndpoint(answersOnce(end, requests));
    const sender = senderTo();
    await ask(sender, endpoint.url("/"));
    const result = await ask(sender, endpoint.url("/"));
    await sender.close();
    await endpoint.stop();
    expect(result).toMatchObject({ kind: "no_response", reason: "connection_reset" });
    expect(result).not.toHaveProperty("resent");
    expect(requests).toHaveLength(2);
  });

  test("where its connection was new", async () => {
    const endpoint = await startTcpEndpoint((socket) => socket.once("data", () => socket.end()));
    const sender = senderTo();
    const result = await ask(sender, endpoint.url("/"));
    await sender.close();
    expect(result).toMatchObject({ reason: "connection_reset" });
    expect(endpoint.connections).toBe(1);
    await endpoint.stop();
  });

  test("a second time: what the new connection comes to counts", async () => {
    let requests = 0;
    const endpoint = await startTcpEndpoint((socket) =>
      socket.on("data", (data) => {
        if (!data.includes("POST")) return;
        requests += 1;
        if (requests === 1) socket.write(KEPT);
        else socket.resetAndDestroy();
      }),
    );
    const sender = senderTo();
    await ask(sender, endpoint.url("/"));
    const result = await ask(sender, endpoint.url("/"));
    await sender.close();
    await endpoint.stop();
    expect(result).toMatchObject({ reason: "connection_reset", resent: true });
    expect(requests).toBe(3);
  });
});

test("a retry takes no connection that was used before, and leaves none for others", async () => {
  const endpoint = await startTcpEndpoint((socket) => socket.on("data", () => socket.write(OK)));
  const sender = senderTo();
  for (const isRetry of [false, true, true, false]) {
    expect(await ask(sender, endpoint.url("/"), isRetry)).toMatchObject({ status: 200 });
  }
  expect(endpoint.connections).toBe(3);
  await sender.close();
  await endpoint.stop();
});

describe("an answer counts by its status", () => {
  let sender: Sender;
  beforeAll(() => {
    sender = senderTo();
  });
  afterAll(() => sender.close());

  test.each([
    ["behind an unasked 100 Continue", `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
    [
      "with one length said twice",
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab",
    ],
    ["with one length said twice in a line", "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nab"],
    [
      "with a length beside chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ],
  ])("%s", async (_what, answer) => {
    const endpoint = await startTcpEndpoint((socket) =>
      socket.on("data", () => socket.write(answer)),
    );
    for (let n = 0; n < 3; n += 1) {
      const result = await ask(sender, endpoint.url("/"));
      expect(result).toMatchObject({ kind: "response", status: 200 });
      expect(result).toHaveProperty("bodyText", answer.includes("ab") ? "ab" : "");
    }
    await endpoint.stop();
  });
});
