import type { ConfigurationEvent } from "@ringback/contracts/agents/agent";
import { subscriptionSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { type ServiceProcess, spawnService } from "../../harness/process/service-process.ts";

failOnLeaks();

const AGENTS = 20_000;
const BEHIND = "the view of the subscriptions has not caught up";

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver()]);
  await platform.dispatchers.pop()?.stop();
  await preload();
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("a dispatcher is ready once it knows all 20,000 agents, and not before", async () => {
  const first = await platform.publish({ callId: "before-start", agentId: "agent-19999" });
  const adminPort = await freePort();
  const dispatcher = await spawnService({
    entry: "services/dispatcher/src/main.ts",
    env: {
      NATS_URL: platform.server.url,
      ADMIN_PORT: String(adminPort),
      ALLOW_INSECURE_HTTP: "true",
      ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
    },
  });
  platform.dispatchers.push(dispatcher);
  const answers = await readyzUntilReady(`http://127.0.0.1:${adminPort}`);
  const unready = answers.filter(({ status }) => status === 503);
  const behind = unready.filter(({ reasons }) => reasons.includes(BEHIND));
  expect(behind.length).toBeGreaterThan(0);
  // Nothing is pulled before it knows where to send it.
  for (const { reasons } of behind) expect(reasons).toContain("not pulling events yet");
  expect(answers.at(-1)).toEqual({ status: 200, reasons: [], agents: AGENTS });
  // No answer was "ready" with fewer agents, and nothing was sent with fewer.
  await platform.attempted(first, 1);
  expect(receiver.requestsTo("/agent-19999")).toHaveLength(1);
  expect(receiver.requests).toHaveLength(1);
  const metrics = await dispatcher.metrics();
  expect(metrics.value("ringback_subscriptions")).toBe(AGENTS);
  expect(metrics.value("ringback_events_total", { result: "no_subscription" })).toBe(0);
}, 180_000);

test("a dispatcher without NATS is alive, not ready, and says why", async () => {
  const adminPort = await freePort();
  const dispatcher = await spawnService({
    entry: "services/dispatcher/src/main.ts",
    env: { NATS_URL: "nats://127.0.0.1:1", ADMIN_PORT: String(adminPort) },
  });
  await dispatcher.waitForLog("nats.waiting");
  const probe = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    return { status: answer.status, body: (await answer.json()) as { reasons: string[] } };
  };
  expect(await probe("/livez")).toMatchObject({ status: 200, body: { status: "ok", reasons: [] } });
  expect(await probe("/readyz")).toEqual({
    status: 503,
    body: {
      status: "failed",
      reasons: ["not connected to NATS", BEHIND, "not pulling events yet"],
    },
  });
  await stop(dispatcher);
});

interface Readiness {
  readonly status: number;
  readonly reasons: readonly string[];
  /** How many agents it knew afterwards. */
  readonly agents: number;
}

async function readyzUntilReady(admin: string): Promise<Readiness[]> {
  const answers: Readiness[] = [];
  await eventually(
    async () => {
      const answer = await fetch(`${admin}/readyz`);
      const { reasons } = (await answer.json()) as { reasons: string[] };
      const page = await (await fetch(`${admin}/metrics`)).text();
      const agents = Number(/^ringback_agents (\d+)$/m.exec(page)?.[1]);
      answers.push({ status: answer.status, reasons, agents });
      return answer.status === 200;
    },
    { timeoutMs: 60_000, intervalMs: 5 },
  );
  return answers;
}

/** One configuration event for each agent, as the API stores them. */
async function preload(): Promise<void> {
  const { js } = platform.client;
  for (let from = 0; from < AGENTS; from += 1_000) {
    const batch = Array.from({ length: 1_000 }, (_, n) => `agent-${from + n}`);
    await Promise.all(
      batch.map((agentId) =>
        js.publish(
          subscriptionSubject({ workspaceId: "w1", agentId }),
          JSON.stringify(subscribed(agentId)),
        ),
      ),
    );
  }
}

function subscribed(agentId: string): ConfigurationEvent {
  const at = new Date().toISOString();
  const subscription = {
    event_type: "call_completed" as const,
    callback_url: receiver.url(`/${agentId}`),
    headers: {},
    method_type: "POST" as const,
  };
  return {
    type: "event_subscriptions_edited",
    change: { set: [subscription], removed: [] },
    occurred_at: at,
    actor: "test",
    version: 2,
    agent: {
      workspace_id: "w1",
      agent_id: agentId,
      agent_display_name: agentId,
      event_subscriptions: [subscription],
      created_at: at,
      updated_at: at,
    },
  };
}

/** A port that was free a moment ago: the probes are there before the line that names it. */
async function freePort(): Promise<number> {
  const other = await startReceiver();
  await other.stop();
  return other.port;
}

async function stop(service: ServiceProcess): Promise<void> {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
}
