import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import type { Evidence, ListedFacts } from "./evidence.ts";
import type { Problem } from "./problem.ts";

/** Whether the API's lists hold what the streams hold, no more and no less. */
export const checkLists = (
  evidence: Evidence,
  statuses: ReadonlyMap<string, EventStatus>,
): Problem[] =>
  evidence.lists.flatMap((listed) => {
    const stored = fromStreams(evidence, listed.workspaceId, statuses);
    const said = {
      events: listed.events.map((event) => `${event.eventId} ${event.status}`),
      attempts: listed.attempts.map(({ eventId: id, attempt }) => `${id} attempt ${attempt}`),
      deadLetters: listed.deadLetters.map(({ eventId: id, reason }) => `${id} ${reason}`),
    };
    return (["events", "attempts", "deadLetters"] as const).flatMap((list) =>
      differences(said[list], stored[list]).map((what): Problem => ({
        kind: "list",
        what: `${list} of ${listed.workspaceId}: ${what}`,
      })),
    );
  });

const fromStreams = (
  { stored }: Evidence,
  workspaceId: string,
  statuses: ReadonlyMap<string, EventStatus>,
): Readonly<Record<keyof Omit<ListedFacts, "workspaceId">, string[]>> => ({
  events: stored.events
    .filter(({ subject }) => subject.split(".")[1] === workspaceId)
    .map(({ seq }) => eventId(createdAt(stored.streamCreatedMs), seq))
    .map((id) => `${id} ${statuses.get(id)}`),
  attempts: stored.records
    .filter(({ record }) => record.workspace_id === workspaceId)
    .map(({ record }) => `${record.event_id} attempt ${record.attempt}`),
  deadLetters: stored.deadLetters
    .filter((letter) => letter.workspaceId === workspaceId)
    .map((letter) => `${letter.eventId} ${letter.reason}`),
});

/** What stands in one and not in the other, as often as it does. */
const differences = (listed: readonly string[], stored: readonly string[]): string[] => {
  const surplus = new Map<string, number>();
  for (const line of listed) surplus.set(line, (surplus.get(line) ?? 0) + 1);
  for (const line of stored) surplus.set(line, (surplus.get(line) ?? 0) - 1);
  return [...surplus].flatMap(([line, n]) =>
    n === 0
      ? []
      : [n > 0 ? `${line} is listed and not stored` : `${line} is stored and not listed`],
  );
};
