import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import {
  attemptSubject,
  eventSubject,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { eventFields } from "../../harness/fixtures/records.ts";
import type { Bounds, Evidence, SeenRequest } from "./evidence.ts";

/** How an event of a made-up run ends. */
export type Ending = "delivered" | "dead_lettered" | "cancelled" | "no_subscription";

export interface MadeUp {
  readonly ending: Ending;
  /** Failures before the end; a dead letter comes after all retries. */
  readonly failures: number;
}

export const BOUNDS: Bounds = {
  retryDelaysMs: [1_000, 3_000],
  staleMs: 3_000,
  recordMs: 1_000,
  toleranceMs: 20,
};

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const ANSWER_MS = 50;

/** What is left behind by a run in which everything went well: an agent and a second for each event. */
export const rightRun = (events: readonly MadeUp[]): Evidence => {
  const parts = events.map((event, n) => oneEvent(event, n + 1));
  return {
    acknowledged: parts.map(({ address, askedAtMs }) => ({ address, askedAtMs })),
    requests: parts.flatMap(({ requests }) => requests),
    addresses: parts.map(({ address, changes }) => ({ agent: address, changes })),
    stored: {
      streamCreatedMs: START_MS,
      events: parts.map(({ seq, address }) => ({ seq, subject: eventSubject(address) })),
      records: parts.flatMap(({ seq, address, records }) =>
        records.map((record) => ({ subject: attemptSubject(address, String(seq)), record })),
      ),
      deadLetters: parts.flatMap(({ letters }) => letters),
      waiting: [],
    },
    lists: [
      {
        workspaceId: "w1",
        events: parts.map(({ id, ending }) => ({ eventId: id, status: ending })),
        attempts: parts.flatMap(({ id, records }) =>
          records.map(({ attempt }) => ({ eventId: id, attempt })),
        ),
        deadLetters: parts.flatMap(({ letters }) => letters),
      },
    ],
    windows: [],
  };
};

const oneEvent = ({ ending, failures: wanted }: MadeUp, seq: number) => {
  const id = eventId(createdAt(START_MS), seq);
  const address: EventAddress = {
    workspaceId: "w1",
    callId: `c${seq}`,
    agentId: `a${seq}`,
    eventType: "call_completed",
  };
  const path = `/w1/a${seq}/0`;
  const askedAtMs = START_MS + seq * 1_000;
  const failures = { delivered: wanted, dead_lettered: 3, cancelled: wanted, no_subscription: 0 }[
    ending
  ];
  const outcomes = [
    ...Array.from({ length: failures }, () => "failed" as const),
    ...(ending === "delivered" ? ["delivered" as const] : []),
    ...(ending === "cancelled" ? ["cancelled" as const] : []),
  ];
  const requests: SeenRequest[] = [];
  const records: AttemptRecord[] = [];
  let atMs = askedAtMs + 10;
  for (const [n, kind] of outcomes.entries()) {
    const attempt = n + 1;
    const answeredAtMs = atMs + ANSWER_MS;
    const nextAtMs = answeredAtMs + (BOUNDS.retryDelaysMs[n] ?? 0);
    if (kind !== "cancelled") requests.push({ eventId: id, attempt, path, atMs, answeredAtMs });
    records.push({
      ...eventFields({ id, seq, address }),
      attempt,
      trigger: attempt === 1 ? "event" : "retry",
      at: new Date(atMs).toISOString(),
      duration_ms: ANSWER_MS,
      outcome: {
        delivered: { kind: "delivered", status_code: 200 } as const,
        failed: { kind: "failed", reason: "status", status_code: 500 } as const,
        cancelled: { kind: "cancelled" } as const,
      }[kind],
      next:
        kind !== "failed"
          ? { kind: "done" }
          : attempt < 3
            ? { kind: "retry", at: new Date(nextAtMs).toISOString() }
            : { kind: "dead_letter" },
    });
    atMs = nextAtMs;
  }
  const subscribed = { path, askedAtMs: START_MS - 20, confirmedAtMs: START_MS - 10 };
  const removedAtMs = ending === "no_subscription" ? askedAtMs - 5 : atMs - 1;
  const removed = { path: null, askedAtMs: removedAtMs - 5, confirmedAtMs: removedAtMs };
  const isRemoved = ending === "cancelled" || ending === "no_subscription";
  return {
    id,
    seq,
    address,
    askedAtMs,
    ending,
    requests,
    records,
    changes: isRemoved ? [subscribed, removed] : [subscribed],
    letters:
      ending === "dead_lettered"
        ? [{ workspaceId: "w1", eventId: id, reason: "exhausted" as const }]
        : [],
  };
};
