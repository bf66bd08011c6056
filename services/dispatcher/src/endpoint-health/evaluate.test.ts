import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADDRESS, attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { messagesOn } from "../../../../test/harness/nats/messages-on.ts";
import { connectTo, type NatsClient } from "../../../../test/harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { dispatcherMetrics } from "../metrics.ts";
import { evaluationRound } from "./evaluate.ts";

failOnLeaks();

const log = createLogger("test", "fatal");
const HEALTH = { windowMs: 300_000, bucketMs: 10_000, minAttempts: 2, recoveredBelowPercent: 25 };
const DELIVERED: Outcome = { kind: "delivered", status_code: 200 };
const FAILED: Outcome = { kind: "failed", reason: "status", status_code: 500 };

let server: NatsServer;
let client: NatsClient;
let nats: Nats;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  nats = await connectNats(settings, "test-health", log);
  const { signal } = new AbortController();
  await ensureStreams(nats.jsm, wantedStreams(settings), { log, signal });
});

afterAll(async () => {
  await nats.connection.close();
  await client.close();
  await server.stop();
});

/** The attempts of one workspace at one destination, the looks of a leader, and what was published. */
const scene = (
  workspaceId: string,
  faultOf: (call: number) => Fault | undefined = () => undefined,
) => {
  const startMs = Date.now();
  const clock = { nowMs: startMs };
  const metrics = dispatcherMetrics(createMetrics("1"));
  const lead = () =>
    evaluationRound({
      nats: withFailingCalls(nats, faultOf),
      metrics,
      log,
      health: HEALTH,
      now: () => clock.nowMs,
    });
  const attempts = async (outcome: Outcome, times: number): Promise<void> => {
    const record = attemptRecord({ workspace_id: workspaceId, outcome });
    const subject = attemptSubject({ ...ADDRESS, workspaceId }, "7");
    for (let n = 0; n < times; n += 1) await client.js.publish(subject, JSON.stringify(record));
  };
  const published = () =>
    messagesOn(client, "OPERATIONS", `operations.${workspaceId}.>`, (json) => json);
  const after = (ms: number): string => {
    clock.nowMs = startMs + ms;
    return new Date(clock.nowMs).toISOString();
  };
  return { lead, attempts, published, after };
};

/** A round that nothing ends early. */
const WHOLE = [() => true, new AbortController().signal] as const;

const common = (workspaceId: string) => ({
  workspace_id: workspaceId,
  endpoint: "https://example.com/hook",
  scope: "destination",
  window_seconds: 300,
});

test("an endpoint that recovered was failing since it was first published as failing, whoever leads", async () => {
  const { lead, attempts, published, after } = scene("w1");
  const first = await lead();
  await attempts(DELIVERED, 1);
  await attempts(FAILED, 1);
  const failingAt = after(1_000);
  await first(...WHOLE);
  await attempts(FAILED, 3);
  const worseAt = after(2_000);
  await first(...WHOLE);
  const second = await lead();
  await attempts(DELIVERED, 12);
  const recoveredAt = after(3_000);
  await second(...WHOLE);
  await second(...WHOLE);
  const kind = "endpoint.failing";
  expect(await published()).toEqual([
    { kind, ...common("w1"), at: failingAt, attempts: 2, failed: 1, threshold_percent: 50 },
    { kind, ...common("w1"), at: worseAt, attempts: 5, failed: 4, threshold_percent: 70 },
    {
      kind: "endpoint.recovered",
      ...common("w1"),
      at: recoveredAt,
      attempts: 17,
      failed: 4,
      failing_since: failingAt,
    },
  ]);
});

test("an endpoint that fails again after it recovered is published again, since then", async () => {
  const { lead, attempts, published, after } = scene("w2");
  const round = await lead();
  const times: string[] = [];
  for (const [outcome, count] of [
    [FAILED, 2],
    [DELIVERED, 7],
    [FAILED, 7],
    [DELIVERED, 28],
  ] as const) {
    await attempts(outcome, count);
    times.push(after(1_000 * (times.length + 1)));
    await round(...WHOLE);
  }
  const [failingAt, recoveredAt, againAt, againRecoveredAt] = times;
  const operations = (await published()) as { kind: string; at: string }[];
  expect(operations.slice(1)).toMatchObject([
    { kind: "endpoint.recovered", at: recoveredAt, failing_since: failingAt },
    { kind: "endpoint.failing", at: againAt, threshold_percent: 50 },
    { kind: "endpoint.recovered", at: againRecoveredAt, failing_since: againAt },
  ]);
});

test("a change whose publishing got no reply is published once all the same", async () => {
  let isFaulty = false;
  const { lead, attempts, published } = scene("w3", () => (isFaulty ? "after" : undefined));
  const round = await lead();
  await attempts(FAILED, 2);
  isFaulty = true;
  await expect(round(...WHOLE)).rejects.toThrow("timeout");
  isFaulty = false;
  await round(...WHOLE);
  expect(await published()).toMatchObject([{ kind: "endpoint.failing", threshold_percent: 100 }]);
});
