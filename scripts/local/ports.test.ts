import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { portsOf, requireFreePorts } from "./ports.ts";

test("the ports of make up are the documented ones unless the environment says otherwise", () => {
  expect(portsOf({})).toEqual({
    nats: 4222,
    http: 8080,
    subscriptionsAdmin: 9081,
    dispatcherAdmin: 9082,
    receiver: 9900,
  });
  expect(portsOf({ NATS_PORT: "5222", ADMIN_PORT: "7001" })).toMatchObject({
    nats: 5222,
    subscriptionsAdmin: 7001,
    dispatcherAdmin: 7002,
  });
});

test.each(["x", "0", "-1", "80.5", "65535", "123456"])("'%s' is not taken for a port", (text) => {
  expect(() => portsOf({ HTTP_PORT: text })).toThrow(
    `HTTP_PORT: '${text}' is not a port from 1 to 65534`,
  );
});

test("ports that are taken are named together, with the variables that change them", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const free = { nats: 0, http: 0, subscriptionsAdmin: 0, dispatcherAdmin: 0, receiver: 0 };
  await expect(requireFreePorts(free)).resolves.toBeUndefined();
  await expect(requireFreePorts({ ...free, nats: port, receiver: port })).rejects.toThrow(
    `port ${port} is in use: choose another with NATS_PORT\n` +
      `  port ${port} is in use: choose another with RECEIVER_PORT\n`,
  );
  server.close();
});
