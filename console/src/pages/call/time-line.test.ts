import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CallAttempt, CallEvent } from "./call-events.ts";
import { moved, percentAt, ticksOf, timeLineOf, zoomed } from "./time-line.ts";

const START = Date.parse("2026-11-29T10:00:00Z");
const at = (ms: number): string => new Date(START + ms).toISOString();

const attempt = (n: number, ms: number, rest: Partial<CallAttempt> = {}): CallAttempt => ({
  delivery_id: "1",
  attempt: n,
  trigger: n === 1 ? "event" : "retry",
  at: at(ms),
  duration_ms: 50,
  outcome: { kind: "failed", reason: "status", status_code: 503 },
  next: { kind: "done" },
  ...rest,
});

const delivery = (rest: Partial<CallEvent["deliveries"][number]> = {}) => ({
  delivery_id: "1",
  endpoint_id: null,
  status: "delivered" as const,
  attempts: 1,
  last_attempt_at: null,
  last_status_code: null,
  destination: "https://crm.example.com/",
  next_attempt_at: null,
  ...rest,
});

const event = (rest: Partial<CallEvent> = {}): CallEvent => ({
  event_id: "evt_a_1",
  event_type: "call_completed",
  call_id: "c",
  agent_id: "a",
  stored_at: at(0),
  size_bytes: 10,
  status: "delivered",
  next_attempt_at: null,
  attempt_count: 1,
  deliveries: [delivery()],
  attempts: [attempt(1, 5)],
  dead_letter: null,
  payload: {},
  ...rest,
});

const kindsOf = (events: readonly CallEvent[], now = 0): string[][] =>
  (timeLineOf(events, START + now)?.lanes ?? []).map(({ marks }) => marks.map(({ kind }) => kind));

test("a delivered event is published, and attempted once", () => {
  const line = timeLineOf([event()], START + 1e9);
  expect(line).toMatchObject({ fromMs: START, toMs: START + 55 });
  expect(kindsOf([event()])).toEqual([["published", "attempt"]]);
});

test("between attempts there is a wait, and a waiting retry ends the lane, beyond the time now", () => {
  const waiting = event({
    status: "retrying",
    deliveries: [delivery({ status: "retrying", next_attempt_at: at(70_000) })],
    attempts: [attempt(2, 10_060), attempt(1, 5)],
  });
  expect(kindsOf([waiting])).toEqual([["published", "attempt", "wait", "attempt", "wait", "due"]]);
  expect(timeLineOf([waiting], START + 20_000)?.toMs).toBe(START + 70_000);
  expect(timeLineOf([waiting], START + 90_000)?.toMs).toBe(START + 90_000);
});

test("what was given up says when", () => {
  const deadLetter = { reason: "exhausted", at: at(190_000), message: "" } as const;
  const gone = event({
    status: "dead_lettered",
    deliveries: [delivery({ status: "dead_lettered" })],
    dead_letter: deadLetter,
  });
  expect(kindsOf([gone])).toEqual([["published", "attempt", "given-up"]]);
  expect(timeLineOf([gone], START)?.toMs).toBe(START + 190_000);
});

test("each destination has a lane with its own attempts; a redelivery waits for nothing before it", () => {
  const two = event({
    deliveries: [delivery(), delivery({ endpoint_id: "ep_1", uid: "crm" })],
    attempts: [
      attempt(1, 5),
      attempt(1, 5, { endpoint_id: "ep_1", delivery_id: "1-x" }),
      attempt(1, 9_000, { endpoint_id: "ep_1", delivery_id: "r-2", trigger: "redelivery" }),
    ],
  });
  expect(kindsOf([two])).toEqual([
    ["published", "attempt"],
    ["published", "attempt", "attempt"],
  ]);
  expect(timeLineOf([two], START)?.lanes.map(({ destination }) => destination)).toEqual([
    "https://crm.example.com/",
    "crm",
  ]);
});

test("events are oldest first; one that nobody subscribed has a lane without attempts", () => {
  const nobody = event({ event_id: "evt_a_0", stored_at: at(-5), deliveries: [], attempts: [] });
  expect(timeLineOf([event(), nobody], START)?.lanes.map((lane) => lane.event.event_id)).toEqual([
    "evt_a_0",
    "evt_a_1",
  ]);
  expect(timeLineOf([], START)).toBeNull();
});

const views = fc
  .tuple(fc.nat(1e6), fc.integer({ min: 100, max: 1e9 }))
  .map(([from, length]) => ({ fromMs: from, toMs: from + length }));

test("whatever is zoomed and moved stays within the whole", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.double({ min: -2, max: 3, noNaN: true })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(views, steps, (whole, changes) => {
      let view = whole;
      for (const [isZoom, by] of changes) {
        view = isZoom ? zoomed(view, whole, Math.abs(by)) : moved(view, whole, by);
        expect(view.fromMs).toBeGreaterThanOrEqual(whole.fromMs - 1e-3);
        expect(view.toMs).toBeLessThanOrEqual(whole.toMs + 1e-3);
        expect(view.toMs).toBeGreaterThan(view.fromMs);
      }
    }),
  );
});

test("ticks are in sight, even, and not too many", () => {
  fc.assert(
    fc.property(views, fc.integer({ min: 2, max: 12 }), (view, most) => {
      const ticks = ticksOf(view, 0, most);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      for (const tick of ticks) {
        expect(percentAt(tick, view)).toBeGreaterThanOrEqual(-1e-6);
        expect(percentAt(tick, view)).toBeLessThanOrEqual(100 + 1e-6);
      }
    }),
  );
});
