import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { connectTcp } from "./connect-tcp.ts";
import { createSender } from "./send.ts";

/** Responds on a thread of its own, when it is told to. */
const ENDPOINT = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:http").createServer((request, response) => {
    request.resume().once("end", () => parentPort.postMessage("received"));
    parentPort.once("message", (responded) => {
      response.once("finish", () => {
        Atomics.store(responded, 0, 1);
        Atomics.notify(responded, 0);
      });
      response.end();
    });
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

const TIMEOUT_MS = 2_000;

/** Keeps this thread from doing anything else. */
const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, ms));
};

test("a response that came while this process stood still counts, although the deadline is over", async () => {
  const endpoint = new Worker(ENDPOINT, { eval: true });
  const [port] = (await once(endpoint, "message")) as [number];
  const sender = createSender({ maxConnectionsPerOrigin: 1, allowedPrivateCidrs: ["127.0.0.0/8"] });
  const startMs = performance.now();
  const sending = sender.send({
    workspaceId: "w1",
    timeoutMs: TIMEOUT_MS,
    method: "POST",
    url: `http://127.0.0.1:${port}/`,
    headers: {},
    body: Buffer.from("{}"),
  });
  await once(endpoint, "message");
  const responded = new Int32Array(new SharedArrayBuffer(4));
  endpoint.postMessage(responded, []);
  Atomics.wait(responded, 0, 0);
  standStill(startMs + TIMEOUT_MS + 50 - performance.now());
  const { result } = await sending;
  expect(result).toMatchObject({ kind: "response", status: 200 });
  await sender.close();
  await endpoint.terminate();
});

test("a request is not sent when this process stood still since the check that it is to send it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  let connections = 0;
  let received = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.on("data", (bytes) => (received += bytes.byteLength)).on("error", () => {});
  });
  const sender = createSender({ maxConnectionsPerOrigin: 1, allowedPrivateCidrs: ["127.0.0.0/8"] });
  const sent = await sender.send({
    workspaceId: "w1",
    timeoutMs: TIMEOUT_MS,
    checkedMs: elapsedMs() - 9_000,
    method: "POST",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    headers: {},
    body: Buffer.from("{}"),
  });
  const fault = { kind: "platform_fault", fault: "resources", detail: "STOOD_STILL" };
  expect(sent.result).toMatchObject(fault);
  await sent.released;
  await sender.close();
  expect({ connections, received }).toEqual({ connections: 1, received: 0 });
  server.close();
});

test("a connection that was made while this process stood still counts, although its time is over", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const addresses = [{ address: "127.0.0.1", family: 4 }];
  const connecting = connectTcp({ port, addresses, timeoutMs: 100 });
  standStill(150);
  const socket = await connecting;
  expect(socket.remotePort).toBe(port);
  socket.destroy();
  server.close();
});
