import type { knownWorkspaces } from "./known-workspaces.ts";
import { recentlyDeleted } from "./recently-deleted.ts";
import { choosesEvent, type Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type { DeliverableEndpoint } from "@ringback/contracts/endpoints/destination";
import { readEndpointState } from "@ringback/contracts/endpoints/endpoint-event";
import type { EventAddress } from "@ringback/contracts/events/event";
import {
  parseEndpointSubject,
  type EndpointAddress,
} from "@ringback/contracts/streams/endpoint-subject";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";

type Entry = { readonly seq: number; readonly endpoint: DeliverableEndpoint };

/**
 * The endpoints of all workspaces, by workspace: an event asks for those of its own. Deleted ones take neither memory
 * nor time, however many come and go.
 */
export const endpointEntries = (known: Pick<ReturnType<typeof knownWorkspaces>, "count">) => {
  const workspaces = new Map<string, Map<string, Entry>>();
  const deleted = recentlyDeleted();
  const shared = sharedLists();
  let count = 0;
  return {
    get: ({ workspaceId, endpointId }: EndpointAddress): DeliverableEndpoint | undefined =>
      workspaces.get(workspaceId)?.get(endpointId)?.endpoint,
    /** Those of the event's workspace that are on and choose events of its agent and type. */
    choosing: (address: EventAddress): readonly DeliverableEndpoint[] => {
      const entries = workspaces.get(address.workspaceId);
      if (entries === undefined) return NONE;
      const chosen: DeliverableEndpoint[] = [];
      for (const { endpoint } of entries.values()) {
        if (endpoint.switch === "on" && choosesEvent(endpoint, address)) chosen.push(endpoint);
      }
      return chosen;
    },
    /** Applies a message on an endpoint's subject; false for any other subject. */
    apply: ({ subject, seq, data }: LastMessage, log: Logger, nowMs: number): boolean => {
      const address = parseEndpointSubject(subject);
      if (address === undefined) return false;
      const { workspaceId, endpointId } = address;
      const entries = workspaces.get(workspaceId) ?? new Map<string, Entry>();
      const before = entries.get(endpointId);
      if ((before?.seq ?? deleted.seqOf(subject)) >= seq) return true;
      const read = readEndpointState(address, data);
      if (read.kind === "invalid") {
        // Keep its earlier state: better than none, and the log reports it.
        log.error(
          { ...idsInSubject(subject), subject, seq, problem: read.message },
          "subscriptions.unreadable",
        );
        return true;
      }
      const { state } = read;
      const more = Number(state.kind === "present") - Number(before !== undefined);
      count += more;
      known.count(workspaceId, more);
      if (state.kind === "present") {
        entries.set(endpointId, { seq, endpoint: deliverable(state.endpoint, shared) });
      } else {
        entries.delete(endpointId);
      }
      deleted.note(subject, state.kind === "absent" ? seq : undefined, nowMs);
      if (entries.size > 0) workspaces.set(workspaceId, entries);
      else workspaces.delete(workspaceId);
      return true;
    },
    count: (): number => count,
    /** How many are kept, recently deleted ones included. */
    size: (): number => count + deleted.size(),
  };
};

const NONE: readonly DeliverableEndpoint[] = [];

/** Without what no delivery needs: there may be very many endpoints. */
const deliverable = (endpoint: Endpoint, shared: (list: string[]) => string[]) => {
  const { description: _d, metadata: _m, updated_at: _u, switched_at: _s, ...rest } = endpoint;
  const { workspace_id: _w, while_off: _o, ...kept } = rest;
  return { ...kept, agents: shared(kept.agents), event_types: shared(kept.event_types) };
};

/** Lists that endpoints have in common, at most. */
const MAX_SHARED = 10_000;

/** Endpoints that choose the same agents or types share one list. */
const sharedLists = () => {
  const lists = new Map<string, string[]>();
  return (list: string[]): string[] => {
    const key = list.join(" ");
    const known = lists.get(key);
    if (known !== undefined) return known;
    if (lists.size < MAX_SHARED) lists.set(key, list);
    return list;
  };
};
