import { eventMessage } from "@ringback/contracts/events/event";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { recordOf, type SeededApi, startSeededApi } from "./seeded-api.ts";

failOnLeaks();

const CALLS = 25_000;
const EVENTS_OF_CALL = 4;
/** Of every two events: five, as some are retried. */
const ATTEMPTS_OF_TWO = [2, 3] as const;
const LONG_CALL_EVENTS = 2_000;
const AT_ONCE = 256;
const TURN = "The caller asked whether the appointment could be moved to the following week. ";

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi({ REQUESTS_PER_MINUTE_PER_KEY: "100000" });
  await fill();
}, 300_000);
afterAll(() => api.stop());

const payload = (eventType: string, callId: string): string =>
  JSON.stringify({
    event_type: eventType,
    call_id: callId,
    agent_id: "a1",
    transcript: Array.from({ length: 8 }, (_, n) => (n % 2 ? { user: TURN } : { bot: TURN })),
  });

/** Calls as they come: four events each, and the attempts at them among those of the calls before. */
async function fill(): Promise<void> {
  const { js } = api.client;
  const waiting: Promise<unknown>[] = [];
  const sent = async (publishing: Promise<unknown>): Promise<void> => {
    waiting.push(publishing);
    if (waiting.length >= AT_ONCE) await Promise.all(waiting.splice(0));
  };
  const store = async (callId: string, n: number, seq: number): Promise<void> => {
    const eventType = EVENT_TYPES[n % 4] ?? "call_completed";
    const address = { workspaceId: "acme", callId, agentId: "a1", eventType };
    const { subject, body } = eventMessage({ ...address, body: payload(eventType, callId) });
    await sent(js.publish(subject, body));
    const record = recordOf({ seq, id: `evt_1_${seq}`, address });
    for (let attempt = 1; attempt <= (ATTEMPTS_OF_TWO[n % 2] ?? 0); attempt += 1) {
      const text = JSON.stringify({ ...record, attempt });
      await sent(js.publish(attemptSubject(address, String(seq)), text));
    }
  };
  let seq = 1;
  for (let call = 0; call < CALLS; call += 1) {
    for (let n = 0; n < EVENTS_OF_CALL; n += 1, seq += 1) await store(`c-${call}`, n, seq);
    if (call % Math.floor(CALLS / LONG_CALL_EVENTS) !== 0) continue;
    await store("long", 0, seq);
    seq += 1;
  }
  await Promise.all(waiting);
}

/** Milliseconds of each of some requests, one after the other, in order. */
async function timesOf(count: number, path: (n: number) => string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    const { status } = await api.reader.get(path(n));
    times.push(performance.now() - began);
    expect(status).toBe(200);
  }
  return times.toSorted((a, b) => a - b);
}

const p95 = (times: readonly number[]): number => times[Math.floor(times.length * 0.95)] ?? NaN;

const call = (n: number): string => `/calls/c-${(n * 7_919) % CALLS}/events`;

test("a call's events come within 50 ms, with 100,000 events and 250,000 attempts stored", async () => {
  const { state } = await api.client.jsm.streams.info("EVENTS");
  const attempts = await api.client.jsm.streams.info("ATTEMPTS");
  expect(state.messages).toBeGreaterThan(100_000);
  expect(attempts.state.messages).toBeGreaterThan(250_000);
  console.log(`${state.messages} events, ${attempts.state.messages} attempts`);
  const id = async (n: number): Promise<string> => {
    const { body } = await api.reader.get(call(n));
    const [event] = (body?.["events"] ?? []) as { event_id: string }[];
    return event?.event_id ?? "";
  };
  const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => id(n)));
  const measured = {
    "a call's events": await timesOf(300, call),
    "an event": await timesOf(300, (n) => `/events/${ids[n % 20]}`),
    "an event's attempts": await timesOf(300, (n) => `/events/${ids[n % 20]}/attempts`),
    "first page of a call with 2,000 events": await timesOf(30, () => "/calls/long/events"),
  };
  for (const [what, times] of Object.entries(measured)) {
    const middle = times[Math.floor(times.length / 2)] ?? NaN;
    console.log(`${what}: p50 ${middle.toFixed(1)} ms, p95 ${p95(times).toFixed(1)} ms`);
  }
  expect(p95(measured["a call's events"])).toBeLessThan(50);
  expect(p95(measured["an event"])).toBeLessThan(50);
  expect(p95(measured["an event's attempts"])).toBeLessThan(50);
});
