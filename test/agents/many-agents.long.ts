import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

/** `make agents-load` takes 100,000. */
const AGENTS = Number(process.env["AGENTS"] ?? 20_000);
const READY_WITHIN_MS = 45_000;
const MAX_RSS_MIB = 200 + AGENTS / 320; // of 1 kB of messages an agent the list keeps little

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
  const first = await startOn(server); // makes the streams
  await first.service.stop();
  await publishAgents();
});
afterAll(() => server.stop());

/** Agents in no particular order of their ids, each with two subscriptions. */
const publishAgents = async () => {
  const client = await connectTo(server);
  const types = ["call_completed", "recording_completed"];
  const batch = 2_000;
  for (let from = 0; from < AGENTS; from += batch) {
    const numbers = Array.from({ length: batch }, (_, n) => (from + n) * 7_919);
    const ids = numbers.map((n) => `agent-${String(n % AGENTS).padStart(6, "0")}`);
    await Promise.all(
      ids.map((agent_id) =>
        client.js.publish(
          `subscriptions.acme.${agent_id}`,
          JSON.stringify(registered(agent_id, types)),
        ),
      ),
    );
  }
  await client.close();
};

const registered = (agent_id: string, types: readonly string[]) => {
  const at = "2026-01-01T00:00:00.000Z";
  const set = types.map((event_type) => ({
    event_type,
    callback_url: `https://hooks.example.com/${agent_id}`,
    headers: { Authorization: "Bearer 0123456789abcdef" },
    method_type: "POST",
  }));
  const agent = {
    workspace_id: "acme",
    agent_id,
    agent_display_name: `Agent ${agent_id}`,
    event_subscriptions: set,
    created_at: at,
    updated_at: at,
  };
  const change = { set, removed: [] };
  return {
    type: "event_subscriptions_edited",
    change,
    occurred_at: at,
    actor: "test",
    version: 2,
    agent,
  };
};

test(
  `with ${AGENTS} agents the service is ready in seconds and lists them all`,
  { timeout: 120_000 },
  async () => {
    const from = performance.now();
    const started: StartedService = await startOn(server, { timeoutMs: READY_WITHIN_MS });
    const readyMs = performance.now() - from;
    const { service, reader } = started;
    expect(readyMs).toBeLessThan(READY_WITHIN_MS);
    expect((await service.rssBytes()) / 1024 ** 2).toBeLessThan(MAX_RSS_MIB);
    const metrics = await service.metrics();
    expect(metrics.value("ringback_agents")).toBe(AGENTS);
    expect(metrics.value("ringback_subscriptions")).toBe(2 * AGENTS);
    const page = await reader.get("/assistant?limit=2");
    expect(page.body?.["agents"]).toMatchObject([
      { agent_id: "agent-000000" },
      { agent_id: "agent-000001" },
    ]);
    const id = `agent-${String(AGENTS - 1).padStart(6, "0")}`;
    expect(await reader.get(`/agent/v1/${id}`)).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    await service.stop();
  },
);
