import { expect, test } from "vitest";
import { coverageQuery, draftFrom, isUnderWay, jobBody, progressOf, scopeText } from "./job.ts";

const counts = {
  state: "running",
  found: 10,
  sent: 0,
  skipped: 0,
  delivered: 0,
  failed: 0,
  cancelled: 0,
  waiting: 0,
} as const;

test("a job's parts are shares of what it found", () => {
  expect(progressOf({ ...counts, found: null })).toBeNull();
  expect(
    progressOf({ ...counts, sent: 5, skipped: 1, delivered: 2, failed: 1, waiting: 2 }),
  ).toEqual({
    delivered: 0.2,
    failed: 0.1,
    cancelled: 0,
    skipped: 0.1,
    waiting: 0.2,
    remaining: 0.4,
  });
});

test("a job that was stopped is whole with what it started, and events with several deliveries fit", () => {
  const stopped = progressOf({ ...counts, state: "stopped", sent: 2, delivered: 2 });
  expect([stopped?.delivered, stopped?.remaining]).toEqual([1, 0]);
  expect(progressOf({ ...counts, found: 1, sent: 3, delivered: 3 })?.delivered).toBe(1);
});

test("a job is under way until its deliveries have ended", () => {
  expect(isUnderWay({ state: "running", waiting: 0 })).toBe(true);
  expect(isUnderWay({ state: "done", waiting: 1 })).toBe(true);
  expect(isUnderWay({ state: "stopped", waiting: 0 })).toBe(false);
});

test("a draft takes what a job knows of a list's filters, and names nothing that is empty", () => {
  const draft = draftFrom({ status: "retrying", event_type: "a,b", since: "2h", call_id: "c-1" });
  expect(jobBody(draft)).toEqual({
    status: "dead_lettered",
    since: "2h",
    event_types: ["a", "b"],
    rate_per_second: 50,
  });
  expect(coverageQuery({ ...draft, agentId: " a1 ", status: "undelivered" })).toEqual({
    status: "dead_lettered,cancelled,no_subscription",
    since: "2h",
    agent_id: "a1",
    event_type: "a,b",
  });
});

test("what a job is about fits a line", () => {
  expect(scopeText({ status: "undelivered", agent_id: "a1", event_types: ["a", "b"] })).toBe(
    "undelivered · a, b · of agent a1",
  );
});
