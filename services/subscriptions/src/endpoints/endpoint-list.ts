import {
  choosesAgent,
  choosesType,
  stateNameOf,
  type Endpoint,
  type EndpointStateName,
} from "@ringback/contracts/endpoints/endpoint";
import { readEndpointState } from "@ringback/contracts/endpoints/endpoint-event";
import { parseEndpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isOwnEndpoint, type Sight } from "../sight/decide/sight.ts";

/** An endpoint in a list, without its secrets. */
export type EndpointRow = Pick<
  Endpoint,
  | "endpoint_id"
  | "uid"
  | "description"
  | "agents"
  | "event_types"
  | "filter"
  | "switch"
  | "switched_at"
  | "created_at"
  | "updated_at"
> & {
  /** Without its query. */
  readonly url: string;
  readonly version: number;
};

/** All endpoints of all workspaces, in memory: followed from SUBSCRIPTIONS. */
export type EndpointList = {
  /** False: the message is no endpoint's. */
  readonly apply: (value: Pick<LastMessage, "subject" | "seq" | "data">, log: Logger) => boolean;
  /** Those of a workspace that are seen, the oldest first. */
  readonly list: (sight: Sight) => readonly EndpointRow[];
  /** The ids of those that are for agents of this sight alone. */
  readonly seenBy: (sight: Omit<Sight, "endpoints">) => ReadonlySet<string>;
  /** Tells whether an endpoint of the workspace names this event type in full. */
  readonly isNamed: (workspaceId: string, eventType: string) => boolean;
  readonly count: (workspaceId?: string) => number;
  /** Those that have any. */
  readonly workspaceIds: () => Iterable<string>;
  /** The stored size of all endpoints of a workspace, or of one. */
  readonly bytes: (workspaceId: string, endpointId?: string) => number;
};

type Entry = { readonly row: EndpointRow; readonly bytes: number };

export const createEndpointList = (): EndpointList => {
  const byWorkspace = new Map<string, Map<string, Entry>>();
  const rowsIn = ({ workspaceId, agents }: Omit<Sight, "endpoints">): EndpointRow[] =>
    entriesOf(workspaceId)
      .map(({ row }) => row)
      .filter((row) => isOwnEndpoint(agents, row));
  const entriesOf = (workspaceId: string): Entry[] => [
    ...(byWorkspace.get(workspaceId)?.values() ?? []),
  ];
  return {
    apply: ({ subject, seq, data }, log) => {
      const address = parseEndpointSubject(subject);
      if (address === undefined) return false;
      const { workspaceId, endpointId } = address;
      const read = readEndpointState(address, data);
      if (read.kind === "invalid") {
        log.error(
          { ...idsInSubject(subject), subject, seq, problem: read.message },
          "agent_index.invalid_message",
        );
        return true;
      }
      const own = byWorkspace.get(workspaceId) ?? new Map<string, Entry>();
      const { state } = read;
      if (state.kind === "absent") own.delete(endpointId);
      else own.set(endpointId, { row: rowOf(state), bytes: data.byteLength });
      if (own.size > 0) byWorkspace.set(workspaceId, own);
      else byWorkspace.delete(workspaceId);
      return true;
    },
    list: (sight) => rowsIn(sight).toSorted((a, b) => (comesBefore(a, b) ? -1 : 1)),
    seenBy: (sight) => new Set(rowsIn(sight).map(({ endpoint_id }) => endpoint_id)),
    isNamed: (workspaceId, eventType) =>
      entriesOf(workspaceId).some(({ row }) => row.event_types.includes(eventType)),
    count: (workspaceId) =>
      workspaceId === undefined
        ? byWorkspace.values().reduce((sum, own) => sum + own.size, 0)
        : (byWorkspace.get(workspaceId)?.size ?? 0),
    workspaceIds: () => byWorkspace.keys(),
    bytes: (workspaceId, endpointId) =>
      endpointId === undefined
        ? entriesOf(workspaceId).reduce((sum, { bytes }) => sum + bytes, 0)
        : (byWorkspace.get(workspaceId)?.get(endpointId)?.bytes ?? 0),
  };
};

/** A position in a workspace's list. */
export type ListPosition = Pick<EndpointRow, "created_at" | "endpoint_id">;

/** The order of lists: the oldest first. */
export const comesBefore = (a: ListPosition, b: ListPosition): boolean =>
  a.created_at === b.created_at ? a.endpoint_id < b.endpoint_id : a.created_at < b.created_at;

const rowOf = ({
  endpoint,
  version,
}: {
  readonly endpoint: Endpoint;
  readonly version: number;
}): EndpointRow => {
  const { endpoint_id, uid, description, agents, event_types, filter } = endpoint;
  const { switch: is, switched_at, created_at, updated_at } = endpoint;
  return {
    endpoint_id,
    ...(uid !== undefined && { uid }),
    url: endpoint.url.split("?", 1)[0] ?? "",
    ...(description !== undefined && { description }),
    agents,
    event_types,
    ...(filter !== undefined && { filter }),
    switch: is,
    switched_at,
    version,
    created_at,
    updated_at,
  };
};

/** What a list may be narrowed to. */
export type ListFilter = {
  readonly agentId?: string | undefined;
  readonly eventType?: string | undefined;
  readonly state?: EndpointStateName | undefined;
};

/** Whether an endpoint would be chosen for events of this agent and this type, and is in this state. */
export const fitsFilter = (row: EndpointRow, { agentId, eventType, state }: ListFilter): boolean =>
  (state === undefined || stateNameOf(row) === state) &&
  (agentId === undefined || choosesAgent(row, agentId)) &&
  (eventType === undefined || choosesType(row, eventType));
