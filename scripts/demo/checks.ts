import { isDeepStrictEqual } from "node:util";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { SampleEvent } from "./events.ts";
import { expectedAttempts, PLAN, RETRY_DELAYS_MS, type Endpoint } from "./plan.ts";
import type { ReceivedRequest } from "../local/receiver.ts";

/** Clocks are read in whole milliseconds on the way: this much may look early and is not. */
const CLOCK_ROUNDING_MS = 2;

/** Above the delay and its jitter of a tenth, for a machine that is busy with other things. */
const DUE_SLACK_MS = 1_000;

/** What the demo saw, from three sides: the endpoint, ATTEMPTS and DEAD_LETTERS. */
export type Seen = {
  readonly requests: readonly ReceivedRequest[];
  readonly attempts: readonly AttemptRecord[];
  readonly deadLetters: readonly DeadLetter[];
};

/** Everything that went otherwise than planned, one sentence each; empty when all went well. */
export const problemsOf = (samples: readonly SampleEvent[], seen: Seen): readonly string[] => {
  const planned = new Set<string>(samples.map(({ eventType }) => PLAN[eventType].path));
  const strays = seen.requests.filter(({ path }) => !planned.has(path));
  return [
    ...strays.map(({ method, path }) => `unexpected request ${method} ${path}`),
    ...samples.flatMap((sample) => problemsOfEvent(sample, seen)),
    ...deadLetterProblems(seen.deadLetters),
  ];
};

const problemsOfEvent = (sample: SampleEvent, seen: Seen): readonly string[] => {
  const endpoint = PLAN[sample.eventType];
  const attempts = seen.attempts
    .filter(({ event_type }) => event_type === sample.eventType)
    .toSorted((a, b) => a.attempt - b.attempt);
  const requests = seen.requests.filter(({ path }) => path === endpoint.path);
  return [
    ...chainProblems(endpoint, attempts),
    ...requests.flatMap((request, n) => requestProblems(sample, request, n + 1, attempts[0])),
    ...countProblems(endpoint, requests.length),
    ...timingProblems(requests, attempts),
  ].map((problem) => `${sample.eventType}: ${problem}`);
};

const chainProblems = (endpoint: Endpoint, attempts: readonly AttemptRecord[]): string[] => {
  const expected = expectedAttempts(endpoint).map((planned) => ({
    ...planned,
    method: endpoint.method,
    path: endpoint.path,
  }));
  const found = attempts.map(({ attempt, trigger, outcome, next, request }) => ({
    attempt,
    trigger,
    outcome: withoutDetail(outcome),
    next: next.kind,
    method: request?.method,
    path: request === undefined ? undefined : new URL(request.url).pathname,
  }));
  const longer = Math.max(expected.length, found.length);
  return Array.from({ length: longer }, (_, n) => n)
    .filter((n) => !isDeepStrictEqual(expected[n], found[n]))
    .map((n) => {
      const was = found[n] === undefined ? "is missing" : `was ${JSON.stringify(found[n])}`;
      const planned = expected[n] === undefined ? "no such attempt" : JSON.stringify(expected[n]);
      return `attempt ${n + 1} ${was}; expected ${planned}`;
    });
};

const withoutDetail = (outcome: AttemptRecord["outcome"]): AttemptRecord["outcome"] => {
  if (outcome.kind !== "failed") return outcome;
  const { kind, reason, status_code } = outcome;
  return { kind, reason, status_code };
};

const countProblems = (endpoint: Endpoint, count: number): string[] => {
  const expected = expectedAttempts(endpoint).length;
  return count === expected ? [] : [`its endpoint got ${count} requests; expected ${expected}`];
};

const requestProblems = (
  { eventType, message, file }: SampleEvent,
  request: ReceivedRequest,
  attempt: number,
  record: AttemptRecord | undefined,
): string[] => {
  const { method, headers } = PLAN[eventType];
  const expectedHeaders: Readonly<Record<string, string | undefined>> = {
    "content-type": "application/json",
    ...headers,
    "ringback-event-type": eventType,
    "ringback-attempt": String(attempt),
    // The same over all attempts, so that the endpoint can tell a repeat.
    "webhook-id": record?.event_id,
  };
  const problems = Object.entries(expectedHeaders)
    .filter(([name, value]) => request.headers[name] !== value)
    .map(
      ([name, value]) =>
        `header ${name} was '${String(request.headers[name])}'; expected '${value}'`,
    );
  if (request.method !== method) problems.push(`method ${request.method}; expected ${method}`);
  if (!request.body.equals(message.body)) problems.push(`body is not ${file}, byte for byte`);
  return problems.map((problem) => `request ${attempt}: ${problem}`);
};

const timingProblems = (
  requests: readonly ReceivedRequest[],
  attempts: readonly AttemptRecord[],
): string[] =>
  RETRY_DELAYS_MS.flatMap((delayMs, n) => {
    const [request, retryRequest] = [requests[n], requests[n + 1]];
    const [attempt, retry] = [attempts[n], attempts[n + 1]];
    if (request === undefined || retryRequest === undefined || attempt === undefined) return [];
    const waitedMs = retryRequest.arrivedMs - request.answeredMs;
    const dueMs = attempt.next.kind === "retry" ? Date.parse(attempt.next.at) : Number.NaN;
    const dueAfterMs = dueMs - (Date.parse(attempt.at) + attempt.duration_ms);
    const earlyMs = dueMs - Date.parse(retry?.at ?? "");
    const asked = `expected ${delayMs} ms and at most a tenth more`;
    const problems: string[] = [];
    if (waitedMs < delayMs - CLOCK_ROUNDING_MS) {
      problems.push(`request ${n + 2} came ${waitedMs.toFixed(0)} ms after the answer; ${asked}`);
    }
    if (dueAfterMs < delayMs - CLOCK_ROUNDING_MS || dueAfterMs > delayMs * 1.1 + DUE_SLACK_MS) {
      problems.push(`attempt ${n + 2} was due ${dueAfterMs.toFixed(0)} ms after it; ${asked}`);
    }
    if (earlyMs > CLOCK_ROUNDING_MS) {
      problems.push(`attempt ${n + 2} began ${earlyMs} ms before it was due`);
    }
    return problems;
  });

const deadLetterProblems = (deadLetters: readonly DeadLetter[]): string[] => {
  const expected = Object.entries(PLAN)
    .filter(([, endpoint]) => expectedAttempts(endpoint).at(-1)?.next === "dead_letter")
    .map(([type, endpoint]) => `${type} exhausted after ${expectedAttempts(endpoint).length}`);
  const found = deadLetters.map((letter) =>
    letter.reason === "invalid_event"
      ? `${letter.subject} invalid: ${letter.message}`
      : `${letter.event_type} ${letter.reason} after ${letter.last_attempt?.attempt}`,
  );
  if (isDeepStrictEqual(expected.toSorted(), found.toSorted())) return [];
  return [`dead letters: ${found.join(", ") || "none"}; expected: ${expected.join(", ")}`];
};
