import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { expect, test } from "vitest";
import { eventFields, exhaustedBy } from "../../test/harness/fixtures/records.ts";
import { problemsOf, type Seen } from "./checks.ts";
import { readSampleEvents, type SampleEvent } from "./events.ts";
import { expectedAttempts, PLAN, RETRY_DELAYS_MS } from "./plan.ts";
import type { ReceivedRequest } from "../local/receiver.ts";

const samples = await readSampleEvents();

const START_MS = Date.parse("2026-03-02T10:00:00.000Z");
const TOOK_MS = 10;

/** When the nth attempt (from 1) begins, when all goes as planned. */
const beginMs = (attempt: number): number =>
  RETRY_DELAYS_MS.slice(0, attempt - 1).reduce((sum, delayMs) => sum + delayMs + TOOK_MS, 0);

const isoAt = (ms: number): string => new Date(START_MS + ms).toISOString();

const recordsOf = ({ eventType, address }: SampleEvent, sequence: number): AttemptRecord[] => {
  const endpoint = PLAN[eventType];
  return expectedAttempts(endpoint).map(({ attempt, trigger, outcome, next }) => ({
    ...eventFields({ id: `evt_x_${sequence}`, seq: sequence, address }),
    attempt,
    trigger,
    at: isoAt(beginMs(attempt)),
    duration_ms: TOOK_MS,
    request: { method: endpoint.method, url: `http://127.0.0.1:9${endpoint.path}` },
    outcome,
    next: next === "retry" ? { kind: next, at: isoAt(beginMs(attempt + 1)) } : { kind: next },
  }));
};

const requestsOf = ({ eventType, message }: SampleEvent, sequence: number): ReceivedRequest[] => {
  const { path, method, headers } = PLAN[eventType];
  return expectedAttempts(PLAN[eventType]).map(({ attempt }) => ({
    path,
    method,
    headers: {
      "content-type": "application/json",
      ...headers,
      "ringback-event-type": eventType,
      "ringback-attempt": String(attempt),
      "webhook-id": `evt_x_${sequence}`,
    },
    body: Buffer.from(message.body),
    status: 200,
    arrivedMs: beginMs(attempt),
    answeredMs: beginMs(attempt) + TOOK_MS,
  }));
};

const asPlanned = (): { -readonly [K in keyof Seen]: Array<Seen[K][number]> } => {
  const attempts = samples.flatMap((sample, n) => recordsOf(sample, n + 1));
  const last = attempts.find(({ next }) => next.kind === "dead_letter");
  if (last === undefined) throw new Error("nothing in the plan is dead-lettered");
  const requests = samples.flatMap((sample, n) => requestsOf(sample, n + 1));
  return { attempts, requests, deadLetters: [exhaustedBy(last)] };
};

test("a run as planned has no problems", () => {
  expect(problemsOf(samples, asPlanned())).toEqual([]);
});

test("an attempt that is missing is named", () => {
  const seen = asPlanned();
  seen.attempts = seen.attempts.filter(
    ({ event_type, attempt }) => event_type !== "recording_completed" || attempt !== 3,
  );
  expect(problemsOf(samples, seen)).toEqual([
    expect.stringMatching(/^recording_completed: attempt 3 is missing; expected \{"attempt":3/),
  ]);
});

test("a request too many is counted", () => {
  const seen = asPlanned();
  const again = seen.requests.find(({ path }) => path === PLAN.call_completed.path);
  if (again === undefined) throw new Error("no request to repeat");
  seen.requests.push({ ...again, arrivedMs: 60_000 });
  expect(problemsOf(samples, seen)).toEqual([
    "call_completed: request 2: header ringback-attempt was '1'; expected '2'",
    "call_completed: its endpoint got 2 requests; expected 1",
  ]);
});

test("a body that was written anew, a wrong method and a lost header are each told", () => {
  const seen = asPlanned();
  seen.requests = seen.requests.map((request) => {
    if (request.path !== PLAN.call_completed.path) return request;
    const { authorization: _, ...headers } = request.headers;
    const body = Buffer.from(JSON.stringify(JSON.parse(request.body.toString("utf8"))));
    return { ...request, method: "PUT", headers, body };
  });
  expect(problemsOf(samples, seen)).toEqual([
    "call_completed: request 1: header authorization was 'undefined'; expected 'Bearer demo-crm-token'",
    "call_completed: request 1: method PUT; expected POST",
    "call_completed: request 1: body is not libs/contracts/examples/call_completed.json, byte for byte",
  ]);
});

const isSecond = (path: string, attempt: number): boolean =>
  path === PLAN.recording_completed.path && attempt === 2;

test("a retry that came early is told, by the endpoint's clock and by the records", () => {
  const seen = asPlanned();
  seen.requests = seen.requests.map((request) =>
    isSecond(request.path, Number(request.headers["ringback-attempt"]))
      ? { ...request, arrivedMs: request.arrivedMs - 100, answeredMs: request.answeredMs - 100 }
      : request,
  );
  seen.attempts = seen.attempts.map((record) =>
    isSecond(new URL(record.request?.url ?? "").pathname, record.attempt)
      ? { ...record, at: isoAt(beginMs(2) - 100) }
      : record,
  );
  expect(problemsOf(samples, seen)).toEqual([
    "recording_completed: request 2 came 900 ms after the answer; expected 1000 ms and at most a tenth more",
    "recording_completed: attempt 2 began 100 ms before it was due",
  ]);
});

test.each([900, 2_200])("a retry that is due after %i ms instead of 1000 is told", (dueMs) => {
  const seen = asPlanned();
  seen.attempts = seen.attempts.map((record) =>
    record.event_type === "recording_completed" && record.attempt === 1
      ? { ...record, next: { kind: "retry", at: isoAt(TOOK_MS + dueMs) } }
      : record,
  );
  expect(problemsOf(samples, seen)[0]).toBe(
    `recording_completed: attempt 2 was due ${dueMs} ms after it; expected 1000 ms and at most a tenth more`,
  );
});

test("a missing dead letter and one with another reason are told", () => {
  const seen = asPlanned();
  const expected = "expected: platform_analysis_completed exhausted after 4";
  expect(problemsOf(samples, { ...seen, deadLetters: [] })).toEqual([
    `dead letters: none; ${expected}`,
  ]);
  const expired = seen.deadLetters.map(
    (letter) => ({ ...letter, reason: "event_expired" }) as const,
  );
  expect(problemsOf(samples, { ...seen, deadLetters: expired as DeadLetter[] })).toEqual([
    `dead letters: platform_analysis_completed event_expired after 4; ${expected}`,
  ]);
});

test("a request to nobody's path is told", () => {
  const seen = asPlanned();
  const [first] = seen.requests;
  if (first === undefined) throw new Error("no request");
  seen.requests.push({ ...first, path: "/elsewhere" });
  expect(problemsOf(samples, seen)).toEqual(["unexpected request POST /elsewhere"]);
});
