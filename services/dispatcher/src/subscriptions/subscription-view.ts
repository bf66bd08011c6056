import { readAgentState } from "@ringback/contracts/agents/agent-message";
import type { EventAddress } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import {
  eventTypeSubject,
  isEventTypeSubject,
} from "@ringback/contracts/streams/event-type-subject";
import {
  ALL_SUBSCRIPTIONS,
  parseSubscriptionSubject,
  STREAMS,
  subscriptionSubject,
} from "@ringback/contracts/streams/subjects";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { concurrencyLimit } from "@ringback/runtime/process/concurrency";
import {
  followLastPerSubject,
  type LastMessage,
  type LastPerSubject,
} from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { UnavailableStreamError } from "@ringback/runtime/nats/errors";
import { readLast } from "@ringback/runtime/nats/publish";
import { ownTypeEntries } from "./own-types.ts";
import { agentEntries, type AgentEntry } from "./agent-entries.ts";
import { sharedRequests } from "./shared-requests.ts";

export type SubscriptionView = {
  /**
   * The subscription for an event as it is now, or undefined. Confirms with the stream that there is none, and
   * all else while the view may be behind: nothing would bring the event back, or undo a request to an old
   * address. Throws where the stream does not reply.
   */
  readonly find: (address: EventAddress) => Promise<Subscription | undefined>;
  /** Whether the workspace added this event type, as far as this view knows. */
  readonly isOwnType: (workspaceId: string, eventType: EventType) => boolean;
  /** Confirmed with the stream. */
  readonly findOwnType: (
    address: Pick<EventAddress, "workspaceId" | "eventType">,
  ) => Promise<boolean>;
  readonly counts: () => { readonly agents: number; readonly subscriptions: number };
  readonly following: LastPerSubject;
};

/**
 * Confirmations at once while this view may be behind. Each may make the server read a block of 8 MiB: with a
 * whole burst's at once it would not report for seconds that the view has caught up, which makes them needless.
 */
const MAX_CONFIRMED_AT_ONCE = 16;

/** All subscriptions in memory, followed live from SUBSCRIPTIONS. */
export const subscriptionView = (
  nats: Nats,
  log: Logger,
  onStreamLost: (error: unknown) => void,
): SubscriptionView => {
  const agents = agentEntries();
  const ownTypes = ownTypeEntries();

  const apply = ({ subject, seq, data }: LastMessage): void => {
    if (isEventTypeSubject(subject)) return ownTypes.apply(subject, seq, data, log);
    if ((agents.get(subject)?.seq ?? 0) >= seq) return;
    const entry = entryFrom(data, seq, subject, log);
    if (entry !== undefined) agents.apply(subject, entry, performance.now());
  };

  const confirm = sharedRequests(async (subject) => {
    const problem = following.unavailable();
    if (problem !== undefined) throw new UnavailableStreamError(problem);
    const last = await readLast(nats, STREAMS.subscriptions, subject);
    if (last !== null) apply(last);
  });

  const limited = concurrencyLimit(MAX_CONFIRMED_AT_ONCE);
  const confirmUnlessCurrent = sharedRequests((subject) =>
    limited(() => (following.isCurrent() ? Promise.resolve() : confirm(subject))),
  );

  const following = followLastPerSubject({
    nats,
    stream: STREAMS.subscriptions,
    filter: ALL_SUBSCRIPTIONS,
    apply,
    onStreamLost,
    log,
  });
  return {
    following,
    counts: agents.counts,
    isOwnType: (workspaceId, eventType) => ownTypes.has(eventTypeSubject(workspaceId, eventType)),
    findOwnType: async ({ workspaceId, eventType }) => {
      const subject = eventTypeSubject(workspaceId, eventType);
      await confirm(subject);
      return ownTypes.has(subject);
    },
    find: async (address) => {
      const subject = subscriptionSubject(address);
      const known = (): Subscription | undefined =>
        agents.get(subject)?.subscriptions.find((s) => s.event_type === address.eventType);
      if (known() !== undefined && !following.isCurrent()) await confirmUnlessCurrent(subject);
      const found = known();
      if (found !== undefined) return found;
      await confirm(subject);
      return known();
    },
  };
};

/** The agent after a configuration event; undefined, and logged, when the message is not one. */
const entryFrom = (
  data: Uint8Array,
  seq: number,
  subject: string,
  log: Logger,
): AgentEntry | undefined => {
  const address = parseSubscriptionSubject(subject);
  const read = address === undefined ? undefined : readAgentState(address, data);
  if (read?.kind !== "state") {
    // Keep the agent's earlier state: better than none, and the log reports it.
    const problem = read?.kind === "invalid" ? read.message : "not the subject of an agent";
    log.error({ subject, seq, problem }, "subscriptions.unreadable");
    return undefined;
  }
  const { state } = read;
  const subscriptions = state.kind === "registered" ? state.agent.event_subscriptions : [];
  const registered = state.kind === "registered" && address?.agentId !== WORKSPACE_AGENT;
  return { seq, registered, subscriptions };
};
