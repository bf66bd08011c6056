import {
  FAILURE_REASONS,
  type AttemptRecord,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import { isId } from "@ringback/contracts/id";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { beforeEach, describe, expect, test } from "vitest";
import { attemptRecord } from "../../../test/harness/fixtures/records.ts";
import {
  parseMetrics,
  type MetricsSnapshot,
} from "../../../test/harness/process/prometheus-text.ts";
import {
  attemptLabel,
  countAttempt,
  dispatcherMetrics,
  outcomeLabel,
  type DispatcherMetrics,
} from "./metrics.ts";

const STORED_MS = Date.parse("2026-01-01T00:00:00.000Z");

const record = (over: Partial<AttemptRecord> = {}): AttemptRecord =>
  attemptRecord({ at: "2026-01-01T00:00:02.000Z", duration_ms: 500, ...over });

let known: readonly string[] = [];
let registry = createMetrics("1.2.3");
let metrics: DispatcherMetrics = dispatcherMetrics(registry);
beforeEach(() => {
  registry = createMetrics("1.2.3");
  metrics = dispatcherMetrics(registry);
  metrics.followWorkspaces({ ids: () => known, changes: () => known.length });
  known = ["w1"];
});

const page = async (): Promise<MetricsSnapshot> => parseMetrics((await registry.page()).text);

/** All series of ours that are not zero, histograms by count and sum. */
const counted = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await page()).series
      .filter(({ name, value }) => name.startsWith("ringback_") && value !== 0)
      .filter(({ name }) => !/_bucket$|_build_info$|_heap_limit_bytes$|_workspaces$/.test(name))
      .map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
  );

test("attempts are labelled 1 to 4, then all alike", () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(attemptLabel)).toEqual(["1", "2", "3", "4", "5+", "5+", "5+"]);
});

test("outcomes are labelled as delivered or by the reason, and not where nothing was sent", () => {
  const failures = FAILURE_REASONS.map((reason): Outcome => ({ kind: "failed", reason }));
  expect(failures.map(outcomeLabel)).toEqual(FAILURE_REASONS);
  expect(outcomeLabel({ kind: "failed", reason: "status", status_code: 503 })).toBe("status");
  expect(outcomeLabel({ kind: "delivered", status_code: 202 })).toBe("delivered");
  expect(outcomeLabel({ kind: "cancelled" })).toBeUndefined();
});

test("everything starts at zero", async () => {
  expect(await counted()).toEqual({});
  const { series } = await page();
  const numberOf = (name: string): number => series.filter((one) => one.name === name).length;
  expect({
    events: numberOf("ringback_events_total"),
    attempts: numberOf("ringback_attempts_total"),
    deliveries: numberOf("ringback_deliveries_total"),
    deadLetters: numberOf("ringback_dead_letters_total"),
    retries: numberOf("ringback_retries_scheduled_total"),
    deferred: numberOf("ringback_deferred_total"),
    durations: numberOf("ringback_attempt_duration_seconds_count"),
  }).toEqual({
    events: 11 * 3,
    attempts: 10 * 10 * 5,
    deliveries: 10 * 3 * 2,
    deadLetters: 4 * 3,
    retries: 4,
    deferred: 6,
    durations: 2 * 2,
  });
});

test("no value that an outcome or a label function gives is missing at the start", async () => {
  await page(); // that the workspaces are known is noticed then
  const before = (await page()).series.length;
  for (const reason of FAILURE_REASONS) {
    const next = { kind: "dead_letter" } as const;
    const outcome = { kind: "failed", reason } as const;
    countAttempt(metrics, record({ outcome, next, attempt: 9, workspace_id: "w1" }), STORED_MS);
  }
  expect((await page()).series).toHaveLength(before);
});

describe("an attempt is counted", () => {
  test("as delivered, with the time since the event was stored", async () => {
    countAttempt(metrics, record(), STORED_MS);
    expect(await counted()).toEqual({
      "ringback_attempts_total call_completed delivered 1": 1,
      "ringback_workspace_attempts_total w1 delivered": 1,
      "ringback_attempt_duration_seconds_count delivered agent": 1,
      "ringback_attempt_duration_seconds_sum delivered agent": 0.5,
      ringback_delivery_seconds_count: 1,
      ringback_delivery_seconds_sum: 2.5,
      "ringback_deliveries_total call_completed delivered agent": 1,
      "ringback_workspace_deliveries_total w1 delivered": 1,
    });
  });

  test("as failed; the delivery goes on", async () => {
    const outcome = { kind: "failed", reason: "tls" } as const;
    const next = { kind: "retry", at: "2026-01-01T00:01:00.000Z" } as const;
    countAttempt(metrics, record({ outcome, next, attempt: 2 }), STORED_MS);
    expect(await counted()).toEqual({
      "ringback_attempts_total call_completed tls 2": 1,
      "ringback_workspace_attempts_total w1 failed": 1,
      "ringback_attempt_duration_seconds_count failed agent": 1,
      "ringback_attempt_duration_seconds_sum failed agent": 0.5,
    });
  });

  test("as the last one; the delivery ends as a dead letter", async () => {
    const outcome = { kind: "failed", reason: "timeout" } as const;
    countAttempt(metrics, record({ outcome, next: { kind: "dead_letter" } }), STORED_MS);
    expect(await counted()).toMatchObject({
      "ringback_deliveries_total call_completed dead_lettered agent": 1,
      "ringback_workspace_deliveries_total w1 dead_lettered": 1,
    });
  });

  test("as no attempt at all where nothing was sent; the delivery ends as cancelled", async () => {
    countAttempt(metrics, record({ outcome: { kind: "cancelled" } }), STORED_MS);
    expect(await counted()).toEqual({
      "ringback_deliveries_total call_completed cancelled agent": 1,
      "ringback_workspace_deliveries_total w1 cancelled": 1,
    });
  });

  test("with no time below zero, where clocks disagree", async () => {
    countAttempt(metrics, record(), STORED_MS + 60_000);
    expect((await page()).value("ringback_delivery_seconds_sum")).toBe(0);
    expect((await page()).value("ringback_delivery_seconds_bucket", { le: "0.01" })).toBe(1);
  });
});

test("of 250 workspaces 200 have a name, the same for everybody, and the others share one", async () => {
  const all = Array.from({ length: 250 }, (_, n) => `w${n + 1}`);
  known = all;
  const another = createMetrics("1.2.3");
  const ofAnother = dispatcherMetrics(another);
  const reversed = all.toReversed();
  ofAnother.followWorkspaces({ ids: () => reversed, changes: () => 1 });
  for (const workspace_id of all) {
    countAttempt(metrics, record({ workspace_id }), STORED_MS);
    countAttempt(metrics, record({ workspace_id }), STORED_MS);
  }
  for (const workspace_id of reversed) countAttempt(ofAnother, record({ workspace_id }), STORED_MS);
  const name = "ringback_workspace_deliveries_total";
  const namesOn = ({ series }: MetricsSnapshot): string[] =>
    [
      ...new Set(
        series.filter((one) => one.name === name).map((one) => one.labels["workspace_id"] ?? ""),
      ),
    ].toSorted();
  const found = await page();
  expect(namesOn(found)).toHaveLength(201);
  expect(namesOn(parseMetrics((await another.page()).text))).toEqual(namesOn(found));
  expect(found.value(name, { workspace_id: "(other)", result: "delivered" })).toBe(100);
  expect(found.value(name)).toBe(500);
  expect(found.value("ringback_workspaces")).toBe(250);
});

test("a workspace that is called as people would call all others is counted alone, and ends alone", async () => {
  known = ["other"];
  countAttempt(metrics, record({ workspace_id: "other" }), STORED_MS);
  countAttempt(metrics, record({ workspace_id: "w9" }), STORED_MS);
  const name = "ringback_workspace_deliveries_total";
  const found = await page();
  expect(found.value(name, { workspace_id: "other", result: "delivered" })).toBe(1);
  expect(found.value(name, { workspace_id: "(other)", result: "delivered" })).toBe(1);
  expect(isId("(other)")).toBe(false);
  known = [];
  await page();
  expect((await page()).value(name, { workspace_id: "(other)", result: "delivered" })).toBe(1);
});

test("a workspace that has nothing any more has no series", async () => {
  countAttempt(metrics, record(), STORED_MS);
  known = [];
  await page();
  expect(
    (await page()).value("ringback_workspace_attempts_total", { workspace_id: "w1" }),
  ).toBeNull();
});

test("the buckets of attempts end at the default deadline", async () => {
  const { series } = await page();
  const bounds = series
    .filter(({ name }) => name === "ringback_attempt_duration_seconds_bucket")
    .filter(({ labels }) => labels["outcome"] === "failed")
    .map(({ labels }) => labels["le"]);
  expect(bounds.slice(-2)).toEqual(["30", "+Inf"]);
});

test("a delivery to an endpoint is counted as one, and its first like any other first", async () => {
  const endpoint_id = "ep_aaaaaaaaaaaaaaaa";
  const toEndpoint = { endpoint_id, delivery_id: `7-${endpoint_id}` };
  countAttempt(metrics, record(toEndpoint), STORED_MS);
  expect(await counted()).toMatchObject({
    "ringback_deliveries_total call_completed delivered endpoint": 1,
    ringback_delivery_seconds_count: 1,
  });
});

test("a redelivery counts as a delivery, and not for how long delivering takes", async () => {
  const redelivered = { delivery_id: "7-r1", trigger: "redelivery" } as const;
  countAttempt(metrics, record(redelivered), STORED_MS);
  expect(await counted()).toMatchObject({
    "ringback_attempts_total call_completed delivered 1": 1,
    "ringback_deliveries_total call_completed delivered agent": 1,
  });
  expect(await counted()).not.toHaveProperty("ringback_delivery_seconds_count");
});

test("a test event that fails is an attempt, and no delivery that ended", async () => {
  const outcome = { kind: "failed", reason: "timeout" } as const;
  countAttempt(metrics, record({ trigger: "test", outcome }), STORED_MS);
  const names = Object.keys(await counted());
  expect(names).toContain("ringback_attempts_total call_completed timeout 1");
  expect(names.filter((name) => name.includes("deliveries"))).toEqual([]);
});
