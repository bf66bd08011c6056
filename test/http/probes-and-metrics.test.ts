import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { CONFIGURATION_EVENT_TYPES } from "@ringback/contracts/agents/agent";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { eventually } from "../harness/eventually.ts";
import { spawnService } from "../harness/process/service-process.ts";
import { editOf } from "../harness/api-client.ts";
import { ENTRY, startOn, writeKeys } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
beforeEach(async () => {
  server = await startNatsServer();
});
afterEach(() => server.stop());

test("all series are there from the start, at zero", async () => {
  const { service } = await startOn(server);
  const metrics = await service.metrics();
  for (const type of CONFIGURATION_EVENT_TYPES) {
    expect(metrics.value("ringback_config_changes_total", { type })).toBe(0);
  }
  expect(metrics.value("ringback_config_conflicts_total")).toBe(0);
  expect(metrics.value("ringback_agents")).toBe(0);
  expect(metrics.value("ringback_subscriptions")).toBe(0);
  expect(metrics.value("ringback_nats_connected")).toBe(1);
  expect(metrics.value("ringback_build_info")).toBe(1);
  const count = "http_request_duration_seconds_count";
  for (const [method, path] of [
    ["PATCH", "/agent/v1"],
    ["POST", "/agent/v1"],
    ["GET", "/agent/v1/:agent_id"],
    ["DELETE", "/agent/v1/:agent_id"],
    ["GET", "/assistant"],
  ]) {
    for (const status_class of ["2xx", "4xx", "5xx"]) {
      const labels = { method: method!, route: `/ca/api/v0${path}`, status_class };
      expect(metrics.value(count, labels)).toBe(0);
    }
  }
  await service.stop();
});

test("changes, agents and requests are counted, and no path or id becomes a label", async () => {
  const { service, admin, writer, reader } = await startOn(server);
  await admin.post({ agent_id: "bob", agent_display_name: "Bob" });
  await writer.patch(editOf("bob", "https://a.example.com/"));
  await writer.patch(editOf("bob", "https://a.example.com/"));
  await reader.get("/agent/v1/bob");
  await reader.get("/agent/v1/rob");
  await reader.get("/no/such/path");
  await reader.raw("/assistant", { method: "PUT" });
  await reader.get("/assistant");
  const metrics = await eventually(async () => {
    const now = await service.metrics();
    return now.value("http_request_duration_seconds_count") === 8 ? now : null;
  });
  const changes = "ringback_config_changes_total";
  expect(metrics.value(changes, { type: "agent_registered" })).toBe(1);
  expect(metrics.value(changes, { type: "event_subscriptions_edited" })).toBe(1);
  expect(metrics.value("ringback_agents")).toBe(1);
  expect(metrics.value("ringback_subscriptions")).toBe(4);
  const count = (labels: Record<string, string>) =>
    metrics.value("http_request_duration_seconds_count", labels);
  const route = "/ca/api/v0/agent/v1/:agent_id";
  expect(count({ method: "GET", route, status_class: "2xx" })).toBe(1);
  expect(count({ method: "GET", route, status_class: "4xx" })).toBe(1);
  expect(count({ route: "unknown", status_class: "4xx" })).toBe(1);
  expect(count({ method: "PUT", route: "/ca/api/v0/assistant", status_class: "4xx" })).toBe(1);
  const labels = metrics.series.flatMap((series) => Object.values(series.labels));
  expect(labels.filter((value) => value.includes("bob") || value.includes("such"))).toEqual([]);
  await service.stop();
});

test("without a NATS server the service is alive and not ready, and stops when told to", async () => {
  const { url } = server;
  await server.kill();
  const adminPort = await freePort();
  const { file } = await writeKeys();
  const env = { NATS_URL: url, API_KEYS_FILE: file, ADMIN_PORT: String(adminPort) };
  const service = await spawnService({ entry: ENTRY, env });
  await service.waitForLog("nats.waiting");
  const probe = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);
  expect((await probe("/livez")).status).toBe(200);
  const ready = await probe("/readyz");
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: "failed", reasons: ["not connected to NATS"] });
  expect(await service.stop()).toEqual({ code: 0, signal: null });
  expect(service.logs.filter(({ level }) => level === "fatal")).toEqual([]);
});

test("on SIGTERM a request under way is finished and the process ends with 0", async () => {
  const { service, admin, reader, keysFile } = await startOn(server);
  await admin.post({ agent_id: "bob", agent_display_name: "Bob" });
  const patch = httpRequest(service.httpUrl("/ca/api/v0/agent/v1"), {
    method: "PATCH",
    headers: {
      "content-type": "application/json",
      "x-api-key": keysFile.keys[0],
      expect: "100-continue",
    },
  });
  patch.flushHeaders();
  await once(patch, "continue"); // the head has arrived, the body has not
  service.signal("SIGTERM");
  await service.waitForLog("stopping");
  await eventually(() => refusesConnections(service.httpUrl("/")));
  patch.end(JSON.stringify(editOf("bob", "https://a.example.com/")));
  const [answer] = (await once(patch, "response")) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(200);
  expect(answer.headers.connection).toBe("close");
  expect(await service.exited).toEqual({ code: 0, signal: null });
  await expect(reader.get("/agent/v1/bob")).rejects.toThrow("fetch failed");
});

const refusesConnections = async (url: string): Promise<boolean> => {
  try {
    await fetch(url);
    return false;
  } catch {
    return true;
  }
};

const freePort = async (): Promise<number> => {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
};
