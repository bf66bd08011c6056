import { eventSequence } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { checkDeliveries } from "./check-deliveries.ts";
import { checkLists } from "./check-lists.ts";
import { checkRequests } from "./check-requests.ts";
import type { Bounds, Evidence } from "./evidence.ts";
import { countByKind, type Problem, type ProblemKind } from "./problem.ts";

interface Counts {
  /** Events whose producer was told that they are stored; and all that are stored. */
  readonly acknowledged: number;
  readonly stored: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly requests: number;
  /** Records of attempts. */
  readonly attempts: number;
  /** Requests made again, the documented ones among them. */
  readonly repeats: number;
  readonly documentedRepeats: number;
  readonly problems: Readonly<Record<ProblemKind, number>>;
}

export interface Verdict {
  readonly counts: Counts;
  readonly problems: readonly Problem[];
}

/** What is wrong with a run. Pure: the same evidence leads to the same verdict. */
export const check = (evidence: Evidence, bounds: Bounds): Verdict => {
  const { stored, requests, acknowledged } = evidence;
  const deliveries = checkDeliveries(evidence);
  const seen = checkRequests(evidence, bounds);
  const problems = [
    ...storageProblems(evidence),
    ...deliveries.problems,
    ...seen.problems,
    ...checkLists(evidence, deliveries.statuses),
  ];
  const statuses = [...deliveries.statuses.values()];
  return {
    counts: {
      acknowledged: acknowledged.length,
      stored: stored.events.length,
      delivered: statuses.filter((status) => status === "delivered").length,
      deadLettered: statuses.filter((status) => status === "dead_lettered").length,
      requests: requests.length,
      attempts: stored.records.length,
      repeats: seen.repeats,
      documentedRepeats: seen.documentedRepeats,
      problems: countByKind(problems),
    },
    problems,
  };
};

/** What was acknowledged and is not stored, is stored twice, was sent without being stored, or still waits. */
const storageProblems = ({ acknowledged, requests, stored }: Evidence): Problem[] => {
  const bySubject = Map.groupBy(stored.events, ({ subject }) => subject);
  const sequences = new Set(stored.events.map(({ seq }) => seq));
  const sent = new Set(requests.map(({ eventId }) => eventId));
  const isStored = (id: string): boolean =>
    sequences.has(eventSequence(id, createdAt(stored.streamCreatedMs)) ?? -1);
  const lost = acknowledged
    .map(({ address }) => eventSubject(address))
    .filter((subject) => !bySubject.has(subject))
    .map((subject) => `${subject} is not on EVENTS`);
  const waiting = stored.waiting.map((subject) => `${subject} is still on RETRIES`);
  const twice = [...bySubject]
    .filter(([, events]) => events.length > 1)
    .map(([subject, { length }]) => `${subject} is stored ${length} times`);
  const unknown = [...sent]
    .filter((id) => !isStored(id))
    .map((id) => `${id} was sent and is not on EVENTS`);
  return [
    ...[...lost, ...waiting].map((what) => ({ kind: "lost", what }) as const),
    ...[...twice, ...unknown].map((what) => ({ kind: "chain", what }) as const),
  ];
};
