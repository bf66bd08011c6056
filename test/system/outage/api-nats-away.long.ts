import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo } from "../../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { standStill } from "../../harness/process/stand-still.ts";
import { type Answer, editOf, problem } from "../../harness/api-client.ts";
import { type StartedService, startOn } from "../../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let started: StartedService;
beforeEach(async () => {
  server = await startNatsServer();
  started = await startOn(server);
  await started.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});
afterEach(async () => {
  await started.service.stop();
  await server.stop();
});

/** How a call that has to fail soon went. */
const refusalOf = async (call: Promise<Answer>) => {
  const from = performance.now();
  const { headers, ...answer } = await call;
  const says = JSON.stringify(answer.body);
  return {
    ...answer,
    retryAfter: headers.get("retry-after"),
    tellsInternals: /nats|127\.0\.0\.1/i.test(says),
    ms: performance.now() - from,
  };
};

const UNAVAILABLE = { ...problem(503, "unavailable"), retryAfter: "1", tellsInternals: false };

const edit = (n: number) => editOf("bob", `https://a.example.com/${n}`);

test("without NATS every call is 503 at once, and the service comes back by itself", async () => {
  const { service, writer, reader, admin } = started;
  await server.kill();
  const first = await refusalOf(writer.patch(edit(1)));
  expect(first).toMatchObject(UNAVAILABLE);
  expect(first.ms).toBeLessThan(3_000);
  await eventually(async () => (await service.get("/readyz")).status === 503);
  for (const call of [
    () => writer.patch(edit(2)),
    () => reader.get("/agent/v1/bob"),
    () => reader.get("/assistant"),
    () => admin.post({ agent_display_name: "Rob" }),
    () => admin.delete("/agent/v1/bob"),
  ]) {
    const refusal = await refusalOf(call());
    expect(refusal).toMatchObject(UNAVAILABLE);
    expect(refusal.ms).toBeLessThan(1_000);
  }
  expect((await service.get("/readyz")).text).toContain("not connected to NATS");
  expect((await service.get("/livez")).status).toBe(200);
  expect((await service.metrics()).value("ringback_nats_connected")).toBe(0);

  await server.restart();
  await eventually(async () => (await writer.patch(edit(3))).status === 200);
  const { body } = await reader.get("/agent/v1/bob");
  expect(JSON.stringify(body)).toContain("https://a.example.com/3");
  await eventually(async () => (await reader.get("/assistant")).status === 200, {
    timeoutMs: 15_000,
  });
  expect((await service.get("/readyz")).status).toBe(200);
  expect((await service.metrics()).value("ringback_nats_connected")).toBe(1);
});

test("told to stop while NATS is away, the service ends with 0 at once", async () => {
  const { service } = started;
  await server.kill();
  await service.waitForLog("nats.disconnected");
  const from = performance.now();
  expect(await service.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - from).toBeLessThan(10_000);
});

test("a server that takes connections and says nothing gives 503 within three seconds", async () => {
  const { writer, reader } = started;
  await standStill(server.pid);
  const refusals = await Promise.all([
    refusalOf(writer.patch(edit(1))),
    refusalOf(reader.get("/agent/v1/bob")),
    refusalOf(reader.get("/assistant")),
  ]);
  for (const refusal of refusals) {
    expect(refusal).toMatchObject(UNAVAILABLE);
    expect(refusal.ms).toBeLessThan(3_000);
  }
  process.kill(server.pid, "SIGCONT");
  await eventually(async () => (await writer.patch(edit(2))).status === 200);
});

test("a stream that is deleted ends the process with a clear error", async () => {
  const { service } = started;
  const client = await connectTo(server);
  await client.jsm.streams.delete("SUBSCRIPTIONS");
  await client.close();
  const exit = await service.exited;
  expect(exit.code).toBe(1);
  const fatal = service.logs.filter(({ level }) => level === "fatal");
  expect(fatal).toHaveLength(1);
  expect(fatal[0]?.["msg"]).toContain("SUBSCRIPTIONS");
});

test(
  "the list of agents goes on when what feeds it was deleted",
  { timeout: 120_000 },
  async () => {
    const { admin, reader } = started;
    const client = await connectTo(server);
    const names: string[] = [];
    for await (const { name } of client.jsm.consumers.list("SUBSCRIPTIONS")) names.push(name);
    expect(names).toHaveLength(1);
    await client.jsm.consumers.delete("SUBSCRIPTIONS", names[0]!);
    await client.close();
    await admin.post({ agent_id: "later", agent_display_name: "Later" });
    const list = await eventually(
      async () => {
        const { status, body } = await reader.get("/assistant");
        return status === 200 ? JSON.stringify(body) : null;
      },
      { timeoutMs: 45_000 },
    );
    expect(list).toContain("later");
  },
);

test("started before its NATS server, the service waits and says that it is not ready", async () => {
  const { keysFile } = started;
  const { port, url } = server;
  await started.service.stop();
  await server.kill();
  const starting = startOn({ url }, { keysFile, env: { ADMIN_PORT: "0" } });
  await server.restart();
  expect(server.port).toBe(port);
  started = await starting;
  expect((await started.reader.get("/agent/v1/bob")).status).toBe(200);
});
