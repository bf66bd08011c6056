import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo } from "../../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { spawnService } from "../../harness/process/service-process.ts";
import { writeTempFile } from "../../harness/temp-dir.ts";
import { startPlainNatsServer } from "./plain-nats-server.ts";

failOnLeaks();

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

/** The dispatcher's last word: it must be one fatal message, and an exit code of 1. */
const refusal = async (env: Record<string, string>) => {
  const service = await spawnService({
    entry: "services/dispatcher/src/main.ts",
    env: { NATS_URL: server.url, ...env },
  });
  const exit = await service.exited;
  const all = service.output.all();
  // The whole output is in the failure, where it is not as expected.
  expect({ exit, all }).toEqual({ exit: { code: 1, signal: null }, all });
  const fatal = service.logs.filter(({ level }) => level === "fatal");
  expect(fatal).toHaveLength(1);
  expect(service.logs.some(({ msg }) => msg === "listening")).toBe(false);
  expect(service.output.stderr()).toBe("");
  return { message: String(fatal[0]?.["msg"]), all };
};

// What each setting may be is config.test.ts's; here, that the process ends with it.
describe.concurrent("a wrong setting is named, with its value and what was expected", () => {
  test.for([
    ["RETRY_DELAYS", "5s,x", "'x' in '5s,x' is not a duration such as 5s, 2m or 1h"],
    ["EXTRA_CA_FILE", "/nowhere/ca.pem", "expected a file of PEM certificates"],
    ["EGRESS_PROXY", "socks5://user:passw0rd@proxy:1080", "is not a URL such as http://proxy:3128"],
    ["NATS_URL", "http://127.0.0.1", "is not a URL such as nats://127.0.0.1:4222"],
    ["ADMIN_HOST", "256.0.0.1", "256.0.0.1"],
    ["NATS_CREDS_FILE", "/nowhere/user.creds", "/nowhere/user.creds"],
    ["NATS_TLS_CA_FILE", "/nowhere/ca.pem", "/nowhere/ca.pem"],
    ["NATS_TLS_KEY_FILE", "/nowhere/key.pem", "/nowhere/key.pem"],
    ["NATS_URL_FILE", "/nowhere/url", "/nowhere/url"],
  ] as const)("%s=%s", async ([name, value, expected]) => {
    const set: Record<string, string> = { [name]: value };
    if (name === "NATS_URL_FILE") set["NATS_URL"] = "";
    const { message } = await refusal(set);
    expect(message).toContain(name);
    expect(message).toContain(expected);
    // These may hold a password.
    const isSecret = name === "NATS_URL" || name === "EGRESS_PROXY";
    expect(message.includes(value)).toBe(!isSecret);
  });
});

test("all wrong settings are named in one message", async () => {
  const { message } = await refusal({ RETRY_JITTER: "x", MAX_IN_FLIGHT: "y", LOG_LEVEL: "z" });
  for (const name of ["RETRY_JITTER", "MAX_IN_FLIGHT", "LOG_LEVEL"])
    expect(message).toContain(name);
});

test("a password in NATS_URL is not repeated, from the environment or from a file", async () => {
  const url = "http://user:passw0rd@127.0.0.1";
  const file = await writeTempFile("url", url);
  const answers = [
    await refusal({ NATS_URL: url }),
    await refusal({ NATS_URL: "", NATS_URL_FILE: file }),
    await refusal({ NATS_URL: `nats://user:passw0rd@${server.url.slice(7)}`, RETRY_JITTER: "x" }),
  ];
  for (const { all } of answers) expect(all).not.toContain("passw0rd");
});

test("a port in use is named", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const { message } = await refusal({ ADMIN_PORT: String(port) });
  taken.close();
  expect(message).toContain("ADMIN_PORT");
  expect(message).toContain(`address already in use 127.0.0.1:${port}`);
});

test("a nats-server that is too old is named with its version and the one needed", async () => {
  const old = await oldServer("2.10.0");
  const { port } = old.address() as AddressInfo;
  const { message } = await refusal({ NATS_URL: `nats://127.0.0.1:${port}` });
  old.close();
  expect(message).toMatch(/nats-server 2\.10\.0 is too old: 2\.14 or newer/);
});

test("wrong credentials are refused at once, without being repeated", async () => {
  const guarded = await startPlainNatsServer(["-js", "--user", "someone", "--pass", "r1ght"]);
  const { message, all } = await refusal({ NATS_URL: guarded.url.replace("//", "//user:wr0ng@") });
  await guarded.stop();
  expect(message).toMatch(/authorization/i);
  expect(all).not.toContain("wr0ng");
});

test("JetStream that is switched off is named", async () => {
  const without = await startPlainNatsServer([]);
  const { message } = await refusal({ NATS_URL: without.url });
  await without.stop();
  expect(message).toMatch(/JetStream is switched off/);
});

test("a stream that cannot become as needed is named with the difference", async () => {
  const other = await startNatsServer();
  const client = await connectTo(other);
  await client.jsm.streams.add({
    name: STREAMS.events,
    subjects: ["events.>"],
    retention: "workqueue",
  });
  const { message } = await refusal({ NATS_URL: other.url });
  expect(message).toMatch(/stream EVENTS .*retention is "workqueue", needed "limits"/);
  expect((await client.jsm.streams.info(STREAMS.events)).config.retention).toBe("workqueue");
  await client.close();
  await other.stop();
});

/** Greets like a nats-server, and answers pings. */
async function oldServer(version: string): Promise<Server> {
  const info = { server_id: "X", version, proto: 1, headers: true, jetstream: true };
  const stub = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify({ ...info, max_payload: 1_048_576 })}\r\n`);
    socket.on("data", (data) => {
      if (data.includes("PING")) socket.write("PONG\r\n");
    });
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(stub, "listening");
  return stub;
}
