import type { JetStreamClient } from "@nats-io/jetstream";
import {
  FAILURE_REASONS,
  type AttemptRecord,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import type { StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import { exhaustedBy } from "../harness/fixtures/records.ts";
import { recordOf } from "./streams.ts";

export interface HistorySize {
  readonly events: number;
  /** Half as many again are further attempts of events that failed before. */
  readonly attempts: number;
}

/** On their way to the server at once. */
const AT_ONCE = 512;

const AGENTS = 50;
const DAY_MS = 24 * 3_600_000;
export const agentIds: readonly string[] = Array.from(
  { length: AGENTS },
  (_, n) => `agent_${n.toString(16).padStart(4, "0")}-8f1b-4a43-9a51-c2d87d2f1b6a`,
);

/** Calls of four events; every tenth is another workspace's. */
export const addressOf = (n: number): EventAddress => {
  const call = Math.floor(n / EVENT_TYPES.length);
  return {
    workspaceId: call % 10 === 9 ? "w2" : "w1",
    callId: `call_${call.toString(16).padStart(8, "0")}-4c1e-9d1f-0242ac120002`,
    agentId: agentIds[call % AGENTS] ?? "",
    eventType: EVENT_TYPES[n % EVENT_TYPES.length] as EventAddress["eventType"],
  };
};

/** Stores events, their attempts over the last week, and dead letters of those that were given up. */
export async function storeHistory(
  js: JetStreamClient,
  origins: StreamOrigins,
  { events, attempts }: HistorySize,
): Promise<void> {
  const publish = (subject: string, body: object) =>
    js.publish(subject, JSON.stringify(body), { timeout: 60_000 });
  await forEach(events, async (n) => {
    await publish(eventSubject(addressOf(n)), payloadOf(n));
  });
  const retried = attempts - events;
  await forEach(events, async (n) => {
    const rounds =
      1 + Math.floor(((n + 1) * retried) / events) - Math.floor((n * retried) / events);
    for (let attempt = 1; attempt <= rounds; attempt += 1) {
      const record = attemptOf(n, attempt, rounds, origins);
      await publish(attemptSubject(addressOf(n), String(n + 1)), record);
      if (record.next.kind !== "dead_letter") continue;
      await publish(deadLetterSubject(addressOf(n)), exhaustedBy(record));
    }
  });
}

const payloadOf = (n: number) => ({
  event_type: addressOf(n).eventType,
  call_duration: n % 600,
  transcript: Array.from({ length: 8 }, (_, turn) => ({ bot: `What can I do for you? ${turn}` })),
});

const attemptOf = (
  n: number,
  attempt: number,
  rounds: number,
  origins: StreamOrigins,
): AttemptRecord => {
  const isLast = attempt === rounds;
  const isDeadLettered = isLast && n % 23 === 0;
  const reason = FAILURE_REASONS[n % FAILURE_REASONS.length] ?? "timeout";
  const outcome: Outcome =
    isLast && !isDeadLettered
      ? { kind: "delivered", status_code: 200 }
      : { kind: "failed", reason };
  const atMs = Date.now() - ((n * 7_919) % (7 * DAY_MS)) + attempt;
  const next = isDeadLettered
    ? ({ kind: "dead_letter" } as const)
    : isLast
      ? ({ kind: "done" } as const)
      : ({ kind: "retry", at: new Date(atMs + 10_000).toISOString() } as const);
  const event = { seq: n + 1, address: addressOf(n) };
  return recordOf(event, origins, { attempt, outcome, next, atMs, durationMs: 5 + (n % 400) });
};

const forEach = async (count: number, work: (n: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (; next < count;) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};
