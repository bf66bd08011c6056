import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type ServiceProcess, spawnService } from "../../harness/process/service-process.ts";
import { makeTestCa, writeCaFile } from "../../harness/receiver/tls.ts";
import { type SecuredNats, startSecuredNats } from "./secured-nats.ts";

failOnLeaks();

let nats: SecuredNats;
beforeAll(async () => {
  nats = await startSecuredNats();
});
afterAll(() => nats.stop());

const dispatcherWith = (env: Readonly<Record<string, string>>): Promise<ServiceProcess> =>
  spawnService({
    entry: "services/dispatcher/src/main.ts",
    env: { ...nats.env("dispatcher"), ...env },
  });

const passwordIn = (url = ""): string => decodeURIComponent(new URL(url).password);

test("a service does not say who it is to a server that its CA file does not vouch for", async () => {
  const caFile = await writeCaFile(await makeTestCa("another CA"));
  const service = await dispatcherWith({ NATS_TLS_CA_FILE: caFile });
  const line = await service.waitForLog("nats.waiting");
  expect(JSON.stringify(line)).toMatch(/certificate/i);
  expect(nats.log()).not.toContain("[CONNECT");
  await service.stop();
});

test.each([
  ["a CA file", (url: string) => url.replace("tls:", "nats:"), true],
  ["tls: in its URL alone", (url: string) => url, false],
])("with %s a service sends no password to a server without TLS", async (_what, urlOf, keepsCa) => {
  const received: Buffer[] = [];
  const info = { server_id: "X", version: "2.15.1", proto: 1, headers: true, max_payload: 1024 };
  const trap = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => received.push(bytes));
    socket.write(`INFO ${JSON.stringify({ ...info, auth_required: true, jetstream: true })}\r\n`);
  });
  await new Promise<void>((resolve) => {
    trap.listen(0, "127.0.0.1", resolve);
  });
  const url = nats.env("dispatcher")["NATS_URL"] ?? "";
  const { port } = trap.address() as AddressInfo;
  const service = await dispatcherWith({
    NATS_URL: urlOf(url).replace(/:\d+$/, `:${port}`),
    ...(keepsCa ? {} : { NATS_TLS_CA_FILE: "" }),
  });
  const line = await service.waitForLog("nats.waiting");
  await service.stop();
  trap.close();
  expect(JSON.stringify(line)).toContain("server does not support 'tls'");
  expect(Buffer.concat(received).toString()).toBe("");
  expect(service.output.all()).not.toContain(passwordIn(url));
});

test("a wrong password ends the service with words for it, and without repeating it", async () => {
  const url = nats.env("dispatcher")["NATS_URL"] ?? "";
  const service = await dispatcherWith({
    NATS_URL: url.replace(passwordIn(url), "wrong-s3cret"),
  });
  expect((await service.exited).code).toBe(1);
  expect(service.output.all()).toMatch(/authorization/i);
  expect(service.output.all()).not.toContain("wrong-s3cret");
  await eventually(() => /authentication error/i.test(nats.log()), { what: "the server's log" });
});
