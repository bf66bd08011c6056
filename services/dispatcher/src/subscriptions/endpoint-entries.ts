import type { EventAddress } from "@ringback/contracts/events/event";
import { choosesEvent, type Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { readEndpointState } from "@ringback/contracts/endpoints/endpoint-event";
import {
  parseEndpointSubject,
  type EndpointAddress,
} from "@ringback/contracts/streams/endpoint-subject";
import type { LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";

type Entry = {
  readonly seq: number;
  /** Undefined: deleted. Kept so that an older message, read again after a restart, does not revive it. */
  readonly endpoint: Endpoint | undefined;
};

/** The endpoints of all workspaces, by workspace: an event asks for those of its own. */
export const endpointEntries = () => {
  const workspaces = new Map<string, Map<string, Entry>>();
  let count = 0;
  return {
    get: ({ workspaceId, endpointId }: EndpointAddress): Endpoint | undefined =>
      workspaces.get(workspaceId)?.get(endpointId)?.endpoint,
    /** Those of the event's workspace that are on and choose events of its agent and type. */
    choosing: (address: EventAddress): readonly Endpoint[] => {
      const entries = workspaces.get(address.workspaceId);
      if (entries === undefined) return NONE;
      return [...entries.values()].flatMap(({ endpoint }) =>
        endpoint?.switch === "on" && choosesEvent(endpoint, address) ? [endpoint] : [],
      );
    },
    /** Applies a message on an endpoint's subject; false for any other subject. */
    apply: ({ subject, seq, data }: LastMessage, log: Logger): boolean => {
      const address = parseEndpointSubject(subject);
      if (address === undefined) return false;
      const { workspaceId, endpointId } = address;
      const entries = workspaces.get(workspaceId) ?? new Map<string, Entry>();
      const before = entries.get(endpointId);
      if ((before?.seq ?? 0) >= seq) return true;
      const read = readEndpointState(data);
      if (read.kind === "invalid") {
        // Keep its earlier state: better than none, and the log reports it.
        log.error({ subject, seq, problem: read.message }, "subscriptions.unreadable");
        return true;
      }
      const endpoint = read.state.kind === "present" ? read.state.endpoint : undefined;
      count += Number(endpoint !== undefined) - Number(before?.endpoint !== undefined);
      workspaces.set(workspaceId, entries);
      entries.set(endpointId, { seq, endpoint });
      return true;
    },
    count: (): number => count,
  };
};

const NONE: readonly Endpoint[] = [];
