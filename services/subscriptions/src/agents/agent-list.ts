import type { EventType } from "@ringback/contracts/events/event-types";

/** What the list of agents shows of one. */
export type AgentRow = {
  readonly agent_id: string;
  readonly agent_display_name: string;
  readonly event_types: readonly EventType[];
  readonly updated_at: string;
};

export type AgentPage = {
  readonly agents: readonly AgentRow[];
  /** There are agents after the last of these. */
  readonly hasMore: boolean;
};

/** The agents of one workspace, ordered by id. */
export type AgentList = {
  /** `bytes`: what it takes where it is stored. */
  readonly set: (agent: AgentRow, bytes: number) => void;
  readonly remove: (agentId: string) => void;
  /** The first `limit` agents whose ids come after `after`. */
  readonly page: (limit: number, after?: string) => AgentPage;
  /** The same from the agent with this number on, and how many there are. */
  readonly pageAt: (
    limit: number,
    offset: number,
  ) => { readonly agents: readonly AgentRow[]; readonly total: number };
  readonly agentCount: () => number;
  readonly subscriptionCount: () => number;
  readonly hasSubscription: (eventType: EventType) => boolean;
  /** Of all agents, or of one. */
  readonly bytes: (agentId?: string) => number;
};

/** What is kept of an agent: little, as there may be very many. */
type Entry = {
  readonly name: string;
  readonly eventTypes: readonly EventType[];
  readonly updatedAt: string;
  readonly bytes: number;
};

/** An empty list. It sorts when it is first asked for a page, and keeps the order from then on. */
export const createAgentList = (): AgentList => {
  const entries = new Map<string, Entry>();
  const combinations = new Map<string, readonly EventType[]>();
  let sortedIds: string[] | undefined;
  let subscriptionCount = 0;
  let bytesOfAll = 0;
  return {
    set: ({ agent_id, agent_display_name, event_types, updated_at }, bytes) => {
      const before = entries.get(agent_id);
      if (before === undefined) sortedIds?.splice(indexAfter(sortedIds, agent_id), 0, agent_id);
      const eventTypes = shared(combinations, event_types);
      subscriptionCount += eventTypes.length - (before?.eventTypes.length ?? 0);
      bytesOfAll += bytes - (before?.bytes ?? 0);
      const updatedAt = updated_at;
      entries.set(agent_id, { name: agent_display_name, eventTypes, updatedAt, bytes });
    },
    remove: (agentId) => {
      const before = entries.get(agentId);
      if (before === undefined) return;
      sortedIds?.splice(indexAfter(sortedIds, agentId) - 1, 1);
      subscriptionCount -= before.eventTypes.length;
      bytesOfAll -= before.bytes;
      entries.delete(agentId);
    },
    page: (limit, after) => {
      sortedIds ??= [...entries.keys()].toSorted(byCodeUnits);
      const from = after === undefined ? 0 : indexAfter(sortedIds, after);
      const ids = sortedIds.slice(from, from + limit);
      const agents = ids.flatMap((id) => rowOf(id, entries.get(id)));
      return { agents, hasMore: from + limit < sortedIds.length };
    },
    pageAt: (limit, offset) => {
      sortedIds ??= [...entries.keys()].toSorted(byCodeUnits);
      const ids = sortedIds.slice(offset, offset + limit);
      return { agents: ids.flatMap((id) => rowOf(id, entries.get(id))), total: entries.size };
    },
    agentCount: () => entries.size,
    subscriptionCount: () => subscriptionCount,
    hasSubscription: (eventType) =>
      entries.values().some(({ eventTypes }) => eventTypes.includes(eventType)),
    bytes: (id) => (id === undefined ? bytesOfAll : (entries.get(id)?.bytes ?? 0)),
  };
};

const rowOf = (agent_id: string, entry: Entry | undefined): AgentRow[] => {
  if (entry === undefined) return [];
  const { name: agent_display_name, eventTypes: event_types, updatedAt: updated_at } = entry;
  return [{ agent_id, agent_display_name, event_types, updated_at }];
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Where the first id greater than `id` stands, or would. */
const indexAfter = (sortedIds: readonly string[], id: string): number => {
  let low = 0;
  let high = sortedIds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sortedIds[middle] ?? "") <= id) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** So many combinations of types are kept once for all agents that have them. */
const MAX_SHARED = 10_000;

/** Most agents of a workspace subscribe the same types: they share one list of them. */
const shared = (
  combinations: Map<string, readonly EventType[]>,
  eventTypes: readonly EventType[],
): readonly EventType[] => {
  const key = eventTypes.join(",");
  const known = combinations.get(key);
  if (known !== undefined) return known;
  if (combinations.size < MAX_SHARED) combinations.set(key, eventTypes);
  return eventTypes;
};
