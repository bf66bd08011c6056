import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { expect, test } from "vitest";
import { attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { dispatcherMetrics } from "../metrics.ts";
import { startNotifier } from "./notifier.ts";

const recordOf = (workspace_id: string, event_seq: number): AttemptRecord =>
  attemptRecord({
    event_id: `evt_${workspace_id}_${event_seq}`,
    event_seq,
    workspace_id,
    attempt: 4,
    outcome: { kind: "failed", reason: "timeout" },
    next: { kind: "dead_letter" },
  });

/** A notifier whose publishing works when `scene.works`, and what it published. */
const start = (maxWaiting: number, log = createLogger("test", "silent")) => {
  const scene = { works: true, published: [] as string[] };
  const metrics = createMetrics("1");
  const notifier = startNotifier({
    publish: async ({ event_id }) => {
      if (!scene.works)
        throw Object.assign(new Error("no responders"), { name: "JetStreamNotEnabled" });
      scene.published.push(event_id);
    },
    metrics: dispatcherMetrics(metrics),
    log,
    maxWaiting,
  });
  const dropped = async (): Promise<number> =>
    Number(
      /operations_dropped_total\{kind="delivery.exhausted"\} (\d+)/.exec(
        (await metrics.page()).text,
      )?.[1],
    );
  return { scene, notifier, dropped };
};

test("a notice is published before anything else is done, while that works", async () => {
  const { scene, notifier } = start(10);
  await notifier.publishExhausted(recordOf("w1", 1), "1");
  expect(scene.published).toEqual(["evt_w1_1"]);
  await notifier.stop();
});

test("what cannot be published waits, each workspace with its share; the rest is dropped and counted", async () => {
  const { scene, notifier, dropped } = start(10);
  scene.works = false;
  for (let n = 1; n <= 40; n += 1) await notifier.publishExhausted(recordOf("w1", n), String(n));
  for (let n = 1; n <= 4; n += 1) await notifier.publishExhausted(recordOf("w2", n), String(n));
  scene.works = true;
  await eventually(async () => expect(scene.published.length + (await dropped())).toBe(44));
  const ofW2 = scene.published.filter((id) => id.startsWith("evt_w2"));
  expect(ofW2).toHaveLength(4);
  await notifier.stop();
});

test("what still waits when the process stops is counted as lost", async () => {
  const { scene, notifier, dropped } = start(10);
  scene.works = false;
  for (let n = 1; n <= 3; n += 1) await notifier.publishExhausted(recordOf("w1", n), String(n));
  await notifier.stop();
  await eventually(async () => expect(await dropped()).toBe(3));
});

test("the log has all ids of what nobody was told", async () => {
  const { log, lines } = keptLog();
  const { scene, notifier } = start(10, log);
  scene.works = false;
  const record = recordOf("w1", 1);
  await notifier.publishExhausted(record, "1");
  await notifier.stop();
  const { event_id, workspace_id, agent_id, call_id, event_type } = record;
  await eventually(() => expect(lines).toHaveLength(1));
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    msg: "operation.not_told",
    kind: "delivery.exhausted",
    delivery_id: "1",
    event_id,
    workspace_id,
    agent_id,
    call_id,
    event_type,
  });
});
