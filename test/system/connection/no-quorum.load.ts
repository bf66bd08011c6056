import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type NatsCluster, startNatsCluster } from "../../harness/nats/nats-cluster.ts";
import { type ServiceProcess, startService } from "../../harness/process/service-process.ts";
import { startOn, type StartedService } from "../../harness/process/start-service.ts";

failOnLeaks();

let cluster: NatsCluster;
let api: StartedService;
let dispatcher: ServiceProcess;

beforeAll(async () => {
  cluster = await startNatsCluster();
  const env = {
    STREAM_REPLICAS: "3",
    ALLOW_INSECURE_HTTP: "true",
    ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
  };
  [dispatcher, api] = await Promise.all([
    startService({
      entry: "services/dispatcher/src/main.ts",
      env: { ...env, NATS_URL: cluster.url },
      timeoutMs: 60_000,
    }),
    startOn({ url: cluster.url }, { env: { ...env, AGENT_REGISTRATION: "automatic" } }),
  ]);
}, 120_000);

afterAll(async () => {
  await Promise.all([dispatcher.stop(), api.service.stop()]);
  await cluster.stop();
});

test("without a quorum every change is answered 503, soon at once, and neither service is ready", async () => {
  expect((await change("c0")).status).toBe(200);
  await Promise.all(cluster.nodes.slice(1).map((node) => node.freeze()));
  const fromMs = performance.now();
  const answers: { readonly status: number; readonly ms: number; readonly atMs: number }[] = [];
  await eventually(
    async () => {
      const atMs = performance.now() - fromMs;
      const { status } = await change(`c${answers.length}`);
      answers.push({ status, ms: performance.now() - fromMs - atMs, atMs });
      return atMs > 14_000;
    },
    { timeoutMs: 30_000, intervalMs: 100 },
  );
  expect(answers.filter(({ status }) => status !== 503)).toEqual([]);
  const late = answers.filter(({ atMs }) => atMs > 6_000).map(({ ms }) => ms);
  expect(Math.max(...late)).toBeLessThan(500);
  for (const service of [dispatcher, api.service]) {
    expect((await service.get("/readyz")).status).toBe(503);
  }
  cluster.heal();
  for (const service of [dispatcher, api.service]) {
    await eventually(async () => (await service.get("/readyz")).status === 200, {
      timeoutMs: 30_000,
      what: "ready with a quorum",
    });
  }
  // Servers that have stood still may elect their leaders only now.
  await eventually(async () => expect(await change("c1")).toMatchObject({ status: 200 }));
}, 120_000);

test("whoever is connected to a server that is cut off with the minority goes to another one", async () => {
  for (const { name } of cluster.nodes) {
    cluster.cutOff(name, "both");
    const fromMs = performance.now();
    await eventually(
      async () => {
        // Until then a leader that is cut off may still seem to be one.
        expect(performance.now() - fromMs).toBeGreaterThan(7_000);
        expect((await change(name)).status).toBe(200);
        for (const service of [dispatcher, api.service]) {
          expect((await service.get("/readyz")).status).toBe(200);
        }
      },
      { timeoutMs: 20_000, intervalMs: 100, what: "all work by the majority" },
    );
    cluster.heal();
  }
}, 120_000);

const change = (callId: string) =>
  api.admin.patch({
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [
      {
        event_type: "call_completed",
        callback_url: `http://127.0.0.1:1/${callId}`,
        headers: {},
        method_type: "POST",
      },
    ],
  });
