import type { EventType } from "@ringback/contracts/events/event-types";

/** An agent in a list. */
export type AgentRow = {
  readonly agent_id: string;
  readonly agent_display_name: string;
  readonly event_types: EventType[];
  readonly updated_at: string;
};

/** Where a page begins: after an id, or with the agent of this number; without both with the first agent. */
export type PageStart = { readonly after?: string | undefined; readonly offset?: number };

export type AgentPage = {
  readonly agents: AgentRow[];
  /** True: the list goes on after the last of these agents. */
  readonly hasMore: boolean;
  /** The number of all agents that there are to list. */
  readonly total: number;
};

/** The agents of one workspace, ordered by id. */
export type AgentList = {
  /** `bytes`: the size of its stored state. */
  readonly set: (agent: AgentRow, bytes: number) => void;
  readonly remove: (agentId: string) => void;
  /** At most `limit` agents, of all or of these alone. */
  readonly page: (limit: number, start?: PageStart, only?: ReadonlySet<string>) => AgentPage;
  readonly agentCount: () => number;
  readonly subscriptionCount: () => number;
  readonly hasSubscription: (eventType: EventType) => boolean;
  /** The stored size of all agents, or of one. */
  readonly bytes: (agentId?: string) => number;
};

/** Kept small: there may be very many agents. */
type Entry = {
  readonly name: string;
  readonly eventTypes: readonly EventType[];
  readonly updatedAt: string;
  readonly bytes: number;
};

/** An empty list. The first page sorts it; later changes keep the order. */
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
    page: (limit, { after, offset = 0 } = {}, only) => {
      sortedIds ??= [...entries.keys()].toSorted(byCodeUnits);
      const all =
        only === undefined ? sortedIds : [...only.intersection(entries)].toSorted(byCodeUnits);
      const from = after === undefined ? offset : indexAfter(all, after);
      const ids = all.slice(from, from + limit);
      const agents = ids.flatMap((id) => rowOf(id, entries.get(id)));
      return { agents, hasMore: from + limit < all.length, total: all.length };
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
  const { name: agent_display_name, eventTypes, updatedAt: updated_at } = entry;
  return [{ agent_id, agent_display_name, event_types: [...eventTypes], updated_at }];
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The position of the first id greater than `id`. */
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

/** Combinations of types that agents share, at most. */
const MAX_SHARED = 10_000;

/** Agents that subscribe the same types share one list of types. */
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
