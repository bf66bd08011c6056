import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { type EventStatus, eventStatus } from "@ringback/contracts/deliveries/event-status";
import {
  type AgentAddress,
  deliveryIdInAttemptSubject,
  parseEventSubject,
} from "@ringback/contracts/streams/subjects";
import type { Evidence, StoredDeadLetter } from "./evidence.ts";
import type { Problem } from "./problem.ts";

export interface DeliveriesChecked {
  /** What the streams say of each stored event, by its id. */
  readonly statuses: ReadonlyMap<string, EventStatus>;
  readonly problems: readonly Problem[];
}

/** All that is known of one stored event. */
interface Delivery {
  readonly chain: readonly AttemptRecord[];
  readonly letters: readonly StoredDeadLetter[];
  /** The attempts that receivers saw. */
  readonly sent: ReadonlySet<number>;
  /** Its agent had no subscription at some time since it was published. */
  readonly couldBeWithout: boolean;
}

/** Whether every stored event came to one end, by a chain of attempts that is single and whole. */
export const checkDeliveries = (evidence: Evidence): DeliveriesChecked => {
  const { stored, acknowledged } = evidence;
  const chains = Map.groupBy(stored.records, ({ subject }) => deliveryIdInAttemptSubject(subject));
  const letters = Map.groupBy(stored.deadLetters, (letter) => letter.eventId);
  const requests = Map.groupBy(evidence.requests, (request) => request.eventId);
  const askedAt = new Map(acknowledged.map((e) => [e.address.callId, e.askedAtMs]));
  const statuses = new Map<string, EventStatus>();
  const problems: Problem[] = [];
  for (const { seq, subject } of stored.events) {
    const id = eventId(createdAt(stored.streamCreatedMs), seq);
    const parsed = parseEventSubject(subject);
    const address = parsed.kind === "event" ? parsed.address : undefined;
    const sinceMs = askedAt.get(address?.callId ?? "") ?? -Infinity;
    const delivery: Delivery = {
      chain: (chains.get(String(seq)) ?? []).map(({ record }) => record),
      letters: letters.get(id) ?? [],
      sent: new Set((requests.get(id) ?? []).map(({ attempt }) => attempt)),
      couldBeWithout: address !== undefined && wasWithout(evidence, address, sinceMs),
    };
    statuses.set(id, statusOf(delivery));
    for (const { kind, what } of [...chainProblems(delivery), ...endProblems(delivery)]) {
      problems.push({ kind, what: `${id} (${subject}): ${what}` });
    }
  }
  return { statuses, problems };
};

const wasWithout = (
  { addresses }: Evidence,
  { workspaceId, agentId }: AgentAddress,
  sinceMs: number,
): boolean => {
  const of = addresses.find(
    ({ agent }) => agent.workspaceId === workspaceId && agent.agentId === agentId,
  );
  if (of === undefined) return true;
  const { changes } = of;
  return changes.some(({ path }, n) => {
    const next = changes.slice(n + 1).find(({ confirmedAtMs }) => confirmedAtMs !== null);
    return path === null && (next?.confirmedAtMs ?? Infinity) >= sinceMs;
  });
};

const statusOf = ({ chain, letters }: Delivery): EventStatus =>
  eventStatus({
    isDelivered: chain.some(({ outcome }) => outcome.kind === "delivered"),
    lastRecord: chain.at(-1),
    isDeadLettered: letters.some(({ reason }) => reason !== "exhausted"),
    isSettled: true,
  });

const chainProblems = ({ chain, sent }: Delivery): Problem[] => {
  const numbers = chain.map(({ attempt }) => attempt);
  const problems: string[] = [];
  if (numbers.some((attempt, n) => attempt !== n + 1)) {
    problems.push(`its records are of the attempts ${numbers.join(", ")}`);
  }
  if (chain.slice(0, -1).some(({ next }) => next.kind !== "retry")) {
    problems.push("attempts follow its end");
  }
  for (const { attempt, outcome } of chain) {
    const hasAnswer =
      outcome.kind === "delivered" ||
      (outcome.kind === "failed" && outcome.status_code !== undefined);
    if (hasAnswer && !sent.has(attempt)) problems.push(`no receiver saw attempt ${attempt}`);
  }
  for (const attempt of sent) {
    if (!numbers.includes(attempt)) problems.push(`attempt ${attempt} was sent and has no record`);
  }
  return problems.map((what) => ({ kind: "chain", what }));
};

const lost = (what: string): Problem[] => [{ kind: "lost", what }];

/** An event ends once: delivered, cancelled, given up with one dead letter, or not subscribed to. */
const endProblems = ({ chain, letters, couldBeWithout }: Delivery): Problem[] => {
  const last = chain.at(-1);
  const reasons = letters.map(({ reason }) => reason);
  const wrongLetters = (wanted: string): Problem[] =>
    reasons.join() === wanted
      ? []
      : [{ kind: "chain", what: `its dead letters are [${reasons.join()}], expected [${wanted}]` }];
  if (last === undefined && reasons.length === 0) {
    return couldBeWithout ? [] : lost("it has neither a record nor a dead letter");
  }
  if (last === undefined) return lost(`it was given up unheard: ${reasons.join()}`);
  if (last.next.kind === "retry")
    return lost(`attempt ${last.attempt} was the last, and was to be followed`);
  if (last.next.kind === "dead_letter") return wrongLetters("exhausted");
  if (last.outcome.kind === "cancelled" && !couldBeWithout) {
    return lost("it was cancelled, and its agent had a subscription all the time");
  }
  return wrongLetters("");
};
