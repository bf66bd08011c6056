import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { freePorts } from "../../harness/free-ports.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../../harness/nats/nats-server.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { parseMetrics, type MetricsSnapshot } from "../../harness/process/prometheus-text.ts";
import { spawnService, startService } from "../../harness/process/service-process.ts";

failOnLeaks();

/** Two users: one may do everything, and another one everything but ask about the dispatcher's consumers. */
const USERS = `
no_auth_user: all
authorization {
  users: [
    { user: all, password: all }
    { user: blind, password: blind, permissions: { publish: { deny: [
      "$JS.API.CONSUMER.INFO.EVENTS.dispatcher"
      "$JS.API.CONSUMER.INFO.RETRIES.dispatcher"
    ] } } }
  ]
}`;

/** What is known from those consumers alone. */
const ASKED_FOR = [
  "ringback_backlog_events",
  "ringback_backlog_retries",
  "ringback_backlog_retries_oldest_seconds",
  "ringback_retries_waiting",
];

const DISPATCHER = "services/dispatcher/src/main.ts";

let server: NatsServer;
let client: NatsClient;
beforeAll(async () => {
  server = await startNatsServer({ extraConfig: USERS });
  client = await connectTo(server);
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

const valuesOf = (metrics: MetricsSnapshot) => ASKED_FOR.map((name) => metrics.value(name));
const messagesIn = (metrics: MetricsSnapshot) =>
  metrics.value("ringback_stream_messages", { stream: "EVENTS" });

test("what a dispatcher may not ask NATS is missing in its metrics, and not zero", async () => {
  const seeing = await startService({ entry: DISPATCHER, env: { NATS_URL: server.url } });
  await eventually(async () => expect(valuesOf(await seeing.metrics())).toEqual([0, 0, 0, 0]));
  await seeing.stop();
  await client.js.publish("events.w1.c1.a1.call_completed", "{}");

  const [port = 0] = await freePorts(1);
  const url = server.url.replace("nats://", "nats://blind:blind@");
  const env = { NATS_URL: url, ADMIN_PORT: String(port) };
  const blind = await spawnService({ entry: DISPATCHER, env });
  const page = async (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const metrics = await eventually(
    async () => {
      const now = parseMetrics(await (await page("/metrics")).text());
      return messagesIn(now) === 1 ? now : null;
    },
    { what: "it knows how large EVENTS is" },
  );
  expect(valuesOf(metrics)).toEqual([null, null, null, null]);
  expect((await page("/readyz")).status).toBe(503);
  await blind.stop();
});
