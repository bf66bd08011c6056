import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import type { MethodType } from "@ringback/contracts/agents/subscription";

/** The dispatcher's schedule in the demo: as in production, but for the length of the delays. */
export const RETRY_DELAYS_MS = [1_000, 2_000, 3_000] as const;

const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1;

export type Endpoint = {
  readonly path: string;
  readonly method: MethodType;
  readonly headers: Readonly<Record<string, string>>;
  /** The statuses that it answers with, one request after the other; the last one from then on. */
  readonly answers: readonly [number, ...number[]];
};

/** Where each type of event goes, and what awaits it there. */
export const PLAN = {
  call_completed: {
    path: "/crm/calls",
    method: "POST",
    headers: { authorization: "Bearer demo-crm-token", "x-tenant": "namuna-finance" },
    answers: [200],
  },
  recording_completed: {
    path: "/archive/recordings",
    method: "PUT",
    headers: { "x-archive-key": "demo-archive-key" },
    answers: [500, 503, 200],
  },
  platform_analysis_completed: {
    path: "/quality/analysis",
    method: "PATCH",
    headers: { "x-quality-team": "south-2" },
    answers: [204],
  },
  client_analysis_completed: {
    path: "/collections/outcomes",
    method: "POST",
    headers: { "x-queue": "promises", "content-type": "application/json; charset=utf-8" },
    answers: [200],
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** The event types that the demo shows: one of each way a delivery may go. */
export type DemoEventType = keyof typeof PLAN;

export const DEMO_EVENT_TYPES = Object.keys(PLAN) as DemoEventType[];

/** The status for the `nth` request (from 1) to a path; 404 where nothing was planned. */
export const plannedStatus = (path: string, nth: number): number => {
  const endpoint = Object.values<Endpoint>(PLAN).find((planned) => planned.path === path);
  return endpoint === undefined ? 404 : answerOf(endpoint, nth);
};

const answerOf = ({ answers }: Endpoint, nth: number): number =>
  answers[nth - 1] ?? answers.at(-1) ?? answers[0];

export type ExpectedAttempt = {
  readonly attempt: number;
  readonly trigger: "event" | "retry";
  readonly outcome: Outcome;
  readonly next: "done" | "retry" | "dead_letter";
};

/** The whole chain of attempts that an endpoint's answers must lead to: only 200 is success. */
export const expectedAttempts = (endpoint: Endpoint): readonly ExpectedAttempt[] => {
  const chain: ExpectedAttempt[] = [];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const trigger = attempt === 1 ? "event" : "retry";
    const status_code = answerOf(endpoint, attempt);
    if (status_code === 200) {
      const outcome = { kind: "delivered", status_code } as const;
      return [...chain, { attempt, trigger, outcome, next: "done" }];
    }
    const outcome = { kind: "failed", reason: "status", status_code } as const;
    const next = attempt < MAX_ATTEMPTS ? "retry" : "dead_letter";
    chain.push({ attempt, trigger, outcome, next });
  }
  return chain;
};

const ALL_EXPECTED = Object.values(PLAN).flatMap(expectedAttempts);

/** How many attempts there must be in all, by what comes next. */
export const EXPECTED_COUNTS = {
  attempts: ALL_EXPECTED.length,
  delivered: ALL_EXPECTED.filter(({ next }) => next === "done").length,
  retries: ALL_EXPECTED.filter(({ next }) => next === "retry").length,
  deadLetters: ALL_EXPECTED.filter(({ next }) => next === "dead_letter").length,
} as const;
