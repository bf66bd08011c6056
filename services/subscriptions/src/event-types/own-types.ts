import {
  readDefinition,
  type EventTypeDefinition,
} from "@ringback/contracts/events/event-type-definition";
import type { EventType } from "@ringback/contracts/events/event-types";
import { parseEventTypeSubject } from "@ringback/contracts/streams/event-type-subject";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";

/** The event types that workspaces added, in memory: followed from SUBSCRIPTIONS. */
export type OwnTypes = {
  readonly apply: (value: Pick<LastMessage, "subject" | "seq" | "data">, log: Logger) => void;
  readonly find: (workspaceId: string, eventType: EventType) => EventTypeDefinition | undefined;
  /** By name. */
  readonly list: (workspaceId: string) => readonly EventTypeDefinition[];
};

export const createOwnTypes = (): OwnTypes => {
  const byWorkspace = new Map<string, Map<EventType, EventTypeDefinition>>();
  return {
    apply: ({ subject, seq, data }, log) => {
      const address = parseEventTypeSubject(subject);
      const read = readDefinition(data);
      if (address === undefined || read.kind === "invalid") {
        const problem = read.kind === "invalid" ? read.message : "not the subject of an event type";
        log.error(
          { ...idsInSubject(subject), subject, seq, problem },
          "agent_index.invalid_message",
        );
        return;
      }
      const { workspaceId, eventType } = address;
      const own = byWorkspace.get(workspaceId) ?? new Map<EventType, EventTypeDefinition>();
      if (read.kind === "defined") own.set(eventType, read.definition);
      else own.delete(eventType);
      if (own.size > 0) byWorkspace.set(workspaceId, own);
      else byWorkspace.delete(workspaceId);
    },
    find: (workspaceId, eventType) => byWorkspace.get(workspaceId)?.get(eventType),
    list: (workspaceId) =>
      [...(byWorkspace.get(workspaceId)?.values() ?? [])].toSorted((a, b) =>
        a.event_type < b.event_type ? -1 : 1,
      ),
  };
};
