import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { spawnService } from "../../harness/process/service-process.ts";
import { writeTempFile } from "../../harness/temp-dir.ts";
import { ENTRY, writeKeys } from "../../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let env: Record<string, string>;
beforeAll(async () => {
  server = await startNatsServer();
  env = { NATS_URL: server.url, API_KEYS_FILE: (await writeKeys()).file };
});
afterAll(() => server.stop());

/** What a service that ended says; its one fatal message, or all of them as one text. */
const refusal = async (wrong: Record<string, string>) => {
  const service = await spawnService({ entry: ENTRY, env: { ...env, ...wrong } });
  const { code } = await service.exited;
  const fatal = service.logs.filter(({ level }) => level === "fatal");
  const message = fatal.map(({ msg }) => msg).join("\n--- and also\n");
  const isListening = service.logs.some(({ msg }) => msg === "listening");
  return {
    said: { code, isListening, fatal: fatal.length, stderr: service.output.stderr() },
    message,
    all: service.output.all(),
  };
};

/** It never listened, and ended with a failure after one message. */
const REFUSED = { code: 1, isListening: false, fatal: 1, stderr: "" };

// What each setting may be is config.test.ts's; here, that the process ends with it.
describe("a wrong setting is named, with what was expected", () => {
  test.each([
    ["NATS_URL", "http://127.0.0.1"],
    ["ALLOWED_PRIVATE_CIDRS", "10.0.0.0/8,10.0.0.0/33"],
    ["API_KEYS_FILE", "/nowhere/keys.json"],
    ["HTTP_HOST", "256.0.0.1"],
    ["ADMIN_HOST", "256.0.0.1"],
    ["NATS_CREDS_FILE", "/nowhere/user.creds"],
    ["NATS_TLS_CA_FILE", "/nowhere/ca.pem"],
  ] as const)("%s=%s", async (name, value) => {
    const { said, message } = await refusal({ [name]: value });
    expect(said).toEqual(REFUSED);
    expect(message).toContain(name);
  });
});

test("all wrong settings are named in one message", async () => {
  const { said, message } = await refusal({ HTTP_PORT: "x", ADMIN_PORT: "y", API_KEYS_FILE: "" });
  expect(said).toEqual(REFUSED);
  for (const name of ["HTTP_PORT", "ADMIN_PORT", "API_KEYS_FILE"]) expect(message).toContain(name);
});

test("a password in NATS_URL is not repeated", async () => {
  const { said, all } = await refusal({ NATS_URL: "http://user:passw0rd@127.0.0.1" });
  expect(said).toEqual(REFUSED);
  expect(all).not.toContain("passw0rd");
});

test("a broken keys file is named with the entry and the problem, without its secrets", async () => {
  const broken = [
    { id: "one", workspace_id: "acme", sha256: "rb_one_verysecret", scopes: ["read"] },
  ];
  const file = await writeTempFile("keys.json", JSON.stringify(broken));
  const { said, message, all } = await refusal({ API_KEYS_FILE: file });
  expect(said).toEqual(REFUSED);
  expect(message).toContain(file);
  expect(message).toContain("entry 0 ('one'): sha256: must be the 64 hex digits");
  expect(all).not.toContain("verysecret");
});

describe("a port in use is named", () => {
  let taken: Server;
  beforeAll(async () => {
    taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
  });
  afterAll(() => taken.close());
  test.each(["HTTP_PORT", "ADMIN_PORT"])("%s", async (name) => {
    const port = String((taken.address() as AddressInfo).port);
    const { said, message } = await refusal({ [name]: port });
    expect(said).toEqual(REFUSED);
    expect(message).toContain(name);
    expect(message).toContain(`address already in use 127.0.0.1:${port}`);
  });
});

test("a nats-server that is too old is named with its version and the one needed", async () => {
  const info = { server_id: "X", version: "2.10.0", proto: 1, headers: true, jetstream: true };
  const old = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify({ ...info, max_payload: 1_048_576 })}\r\n`);
    socket.on("data", (data) => {
      if (data.includes("PING")) socket.write("PONG\r\n");
    });
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(old, "listening");
  const { port } = old.address() as AddressInfo;
  const { said, message } = await refusal({ NATS_URL: `nats://127.0.0.1:${port}` });
  expect(said).toEqual(REFUSED);
  old.close();
  expect(message).toMatch(/nats-server 2\.10\.0 is too old: 2\.14 or newer/);
});

test("a stream that the server refuses is named with the server's reason", async () => {
  const { said, message } = await refusal({ STREAM_REPLICAS: "3" });
  expect(said).toEqual(REFUSED);
  expect(message).toMatch(/^stream SUBSCRIPTIONS (is not as needed|cannot be made): .*replicas/);
});
