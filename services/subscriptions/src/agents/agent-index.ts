import { readAgentState } from "@ringback/contracts/agents/agent-message";
import type { EventRules } from "@ringback/contracts/events/event-check";
import type { EventType } from "@ringback/contracts/events/event-types";
import { isEventTypeSubject } from "@ringback/contracts/streams/event-type-subject";
import {
  ALL_SUBSCRIPTIONS,
  parseSubscriptionSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import {
  followLastPerSubject,
  type LastMessage,
  type LastPerSubject,
  type LastPerSubjectOptions,
} from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { createAgentList, type AgentList, type AgentPage, type PageStart } from "./agent-list.ts";
import { createEndpointList, type EndpointList } from "../endpoints/endpoint-list.ts";
import { createOwnTypes, type OwnTypes } from "../event-types/own-types.ts";
import type { Sight } from "../sight/decide/sight.ts";
import { UnavailableError } from "../streams/ask.ts";
import { streamState } from "../streams/read-stream.ts";
import type { ConfigurationAddress, StoredConfiguration } from "../commands/workspace-limits.ts";

/**
 * All agents of all workspaces, kept in memory and up to date from SUBSCRIPTIONS. No list shows the agent
 * `_workspace`; its subscriptions count.
 */
export type AgentIndex = Omit<LastPerSubject, "applied" | "appliedUpTo"> & {
  /** At most `limit` agents that are seen, ordered by id. */
  readonly page: (sight: Sight, limit: number, start: PageStart) => AgentPage;
  /** Resolves once everything up to `seq` is in the index; throws when that takes too long. */
  readonly applied: (seq: number) => Promise<void>;
  /** The same for everything that any instance has confirmed to a caller as stored. */
  readonly upToDate: () => Promise<void>;
  /** Tells whether a workspace added this event type. */
  readonly isOwnType: EventRules["isOwnType"];
  readonly ownTypes: OwnTypes;
  /** Tells whether an agent of the workspace subscribes this event type, or an endpoint names it. */
  readonly isSubscribed: (workspaceId: string, eventType: EventType) => boolean;
  readonly agentCount: () => number;
  /** The size of a workspace, without its agent `_workspace`. */
  readonly stored: (address: ConfigurationAddress) => StoredConfiguration;
  readonly endpoints: EndpointList;
  /** Workspaces with agents or endpoints. */
  readonly workspaceIds: () => ReadonlySet<string>;
  readonly subscriptionCount: () => number;
};

/** Reads every agent's last message, then follows new ones. */
export const followAgents = ({
  nats,
  onStreamLost,
  log,
}: Pick<LastPerSubjectOptions, "nats" | "onStreamLost" | "log">): AgentIndex => {
  const lists = new Map<string, AgentList>();
  const own = createAgentList();
  const ownTypes = createOwnTypes();
  const endpoints = createEndpointList();
  const values = followLastPerSubject({
    nats,
    stream: STREAMS.subscriptions,
    filter: ALL_SUBSCRIPTIONS,
    apply: applier({ lists, own, ownTypes, endpoints, log }),
    onStreamLost,
    log,
  });
  const applied = async (seq: number): Promise<void> => {
    if (await values.applied(seq)) return;
    throw new UnavailableError(`the list of agents is behind: ${values.appliedUpTo()}/${seq}`);
  };
  return {
    ...values,
    page: ({ workspaceId, agents }, limit, start) =>
      lists.get(workspaceId)?.page(limit, start, agents) ?? {
        agents: [],
        hasMore: false,
        total: 0,
      },
    applied,
    upToDate: async () => {
      // Refused at once while the stream is known not to respond.
      const watched = { ...nats, problem: () => nats.problem() ?? values.unavailable() };
      await applied((await streamState(watched, STREAMS.subscriptions)).last_seq);
    },
    isOwnType: (workspaceId, eventType) => ownTypes.find(workspaceId, eventType) !== undefined,
    ownTypes,
    isSubscribed: (workspaceId, eventType) =>
      lists.get(workspaceId)?.hasSubscription(eventType) === true ||
      endpoints.isNamed(workspaceId, eventType),
    stored: (address) => storedIn(address, lists.get(address.workspaceId), endpoints),
    endpoints,
    workspaceIds: () => new Set([...lists.keys(), ...endpoints.workspaceIds()]),
    agentCount: () => sumOf(lists, (list) => list.agentCount()),
    subscriptionCount: () =>
      sumOf(lists, (list) => list.subscriptionCount()) + own.subscriptionCount(),
  };
};

const storedIn = (
  address: ConfigurationAddress,
  list: AgentList | undefined,
  endpoints: EndpointList,
): StoredConfiguration => {
  const { workspaceId } = address;
  return {
    agents: list?.agentCount() ?? 0,
    endpoints: endpoints.count(workspaceId),
    bytes: (list?.bytes() ?? 0) + endpoints.bytes(workspaceId),
    ownBytes:
      "agentId" in address
        ? (list?.bytes(address.agentId) ?? 0)
        : endpoints.bytes(workspaceId, address.endpointId),
  };
};

const sumOf = (lists: ReadonlyMap<string, AgentList>, count: (list: AgentList) => number): number =>
  lists.values().reduce((sum, list) => sum + count(list), 0);

type Applied = {
  readonly lists: Map<string, AgentList>;
  readonly own: AgentList;
  readonly ownTypes: OwnTypes;
  readonly endpoints: EndpointList;
  readonly log: Logger;
};

const applier = ({ lists, own, ownTypes, endpoints, log }: Applied) => {
  let appliedSeq = 0;
  return ({ subject, seq, data }: LastMessage): void => {
    // A restart of the reading delivers older messages again: the lists have them already.
    if (seq <= appliedSeq) return;
    appliedSeq = seq;
    if (isEventTypeSubject(subject)) return ownTypes.apply({ subject, seq, data }, log);
    if (endpoints.apply({ subject, seq, data }, log)) return;
    const address = parseSubscriptionSubject(subject);
    const read = address === undefined ? undefined : readAgentState(address, data);
    if (address === undefined || read?.kind !== "state") {
      const problem = read?.kind === "invalid" ? read.message : "not the subject of an agent";
      log.error({ ...idsInSubject(subject), subject, seq, problem }, "agent_index.invalid_message");
      return;
    }
    const { workspaceId, agentId } = address;
    const isOwn = agentId === WORKSPACE_AGENT;
    const list = isOwn ? own : (lists.get(workspaceId) ?? createAgentList());
    if (!isOwn) lists.set(workspaceId, list);
    const id = isOwn ? workspaceId : agentId;
    if (read.state.kind === "absent") {
      list.remove(id);
      if (!isOwn && list.agentCount() === 0) lists.delete(workspaceId);
      return;
    }
    const { agent_display_name, event_subscriptions, updated_at } = read.state.agent;
    const event_types = event_subscriptions.map(({ event_type }) => event_type);
    list.set({ agent_id: id, agent_display_name, event_types, updated_at }, data.byteLength);
  };
};
