import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../process/leaks.ts";
import { connectTo, type NatsClient } from "./nats-client.ts";
import { type NatsServer, startNatsServer } from "./nats-server.ts";

failOnLeaks();

let server: NatsServer;
let client: NatsClient;
beforeAll(async () => {
  server = await startNatsServer({ maxPayloadBytes: 2_000 });
  client = await connectTo(server);
  await client.jsm.streams.add({ name: "KEPT", subjects: ["kept.>"] });
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

test("settings reach the server", () => {
  expect(client.nc.info).toMatchObject({ max_payload: 2_000, port: server.port });
});

test("a message that was stored survives SIGKILL and a restart on the same port", async () => {
  const { seq } = await client.js.publish("kept.a", "hello");
  const { pid, url } = server;
  await server.kill();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  await server.restart();
  expect(server.url).toBe(url);
  expect(server.pid).not.toBe(pid);
  await client.reconnected();
  const message = await client.jsm.streams.getMessage("KEPT", { seq });
  expect(message?.string()).toBe("hello");
});

test("servers do not share anything", async () => {
  const other = await startNatsServer();
  expect(other.port).not.toBe(server.port);
  const otherClient = await connectTo(other);
  expect((await otherClient.jsm.getAccountInfo()).streams).toBe(0);
  await otherClient.close();
  await other.stop();
});

test("a server that refuses its configuration fails with the server's own words", async () => {
  await expect(startNatsServer({ extraConfig: "no_such_setting: 1" })).rejects.toThrow(
    "no_such_setting",
  );
});
