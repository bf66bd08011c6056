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
import {
  endpointDestination,
  subscriptionDestination,
  type Candidates,
  type DeliverableEndpoint,
  type FoundDestination,
} from "@ringback/contracts/endpoints/destination";
import { choosesEvent } from "@ringback/contracts/endpoints/endpoint";
import { endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import {
  endpointsOfWorkspace,
  endpointSubject,
} from "@ringback/contracts/streams/endpoint-subject";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import {
  followLastPerSubject,
  type LastMessage,
  type LastPerSubject,
} from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { ownTypeEntries } from "./own-types.ts";
import { agentEntries, type AgentEntry } from "./agent-entries.ts";
import { confirmations } from "./confirmations.ts";
import { endpointEntries } from "./endpoint-entries.ts";
import { knownWorkspaces, type KnownWorkspaces } from "./known-workspaces.ts";

type DeliveryAt = { readonly address: EventAddress; readonly deliveryId: string };

export type SubscriptionView = {
  /**
   * The destination of a delivery as it is now, or undefined. Confirms with the stream that there is none, and
   * all else while the view may be behind: nothing would bring the event back, or undo a request to an old
   * address. Throws where the stream does not reply.
   */
  readonly find: (delivery: DeliveryAt) => Promise<FoundDestination | undefined>;
  /**
   * The candidates for an event as they are now. The subscription is confirmed as by `find`; the endpoints are where
   * there is no subscription, and while the view may be behind: else an event costs no request (docs/adr/0027).
   */
  readonly candidates: (address: EventAddress) => Promise<Candidates>;
  /** The destination of a delivery as far as this view knows: not confirmed, and so without a request. */
  readonly known: (delivery: DeliveryAt) => FoundDestination | undefined;
  /** The endpoint of a delivery, if it chooses its event now, before its filter is asked, as far as this view knows. */
  readonly choosing: (delivery: DeliveryAt) => DeliverableEndpoint | undefined;
  /** Whether the workspace added this event type, as far as this view knows. */
  readonly isOwnType: (workspaceId: string, eventType: EventType) => boolean;
  /** Confirmed with the stream. */
  readonly findOwnType: (
    address: Pick<EventAddress, "workspaceId" | "eventType">,
  ) => Promise<boolean>;
  readonly counts: () => {
    readonly agents: number;
    readonly subscriptions: number;
    readonly endpoints: number;
  };
  /** Those that have an agent or an endpoint: the same in every dispatcher. */
  readonly workspaces: KnownWorkspaces;
  readonly following: LastPerSubject;
};

/** All subscriptions and endpoints in memory, followed live from SUBSCRIPTIONS. */
export const subscriptionView = (
  nats: Nats,
  log: Logger,
  onStreamLost: (error: unknown) => void,
): SubscriptionView => {
  const workspaces = knownWorkspaces();
  const agents = agentEntries(workspaces);
  const endpoints = endpointEntries(workspaces);
  const ownTypes = ownTypeEntries();

  const apply = applier({ agents, endpoints, ownTypes, log });
  const following = followLastPerSubject({
    nats,
    stream: STREAMS.subscriptions,
    filter: ALL_SUBSCRIPTIONS,
    apply,
    onStreamLost,
    log,
  });
  const { confirm, confirmed, caughtUpWith } = confirmations(nats, following, apply);

  const { knownSubscription, known, choosing } = knownDestinations({ agents, endpoints });
  const findSubscription = (address: EventAddress): Promise<Subscription | undefined> =>
    confirmed(subscriptionSubject(address), () => knownSubscription(address));
  return {
    following,
    workspaces,
    counts: () => ({ ...agents.counts(), endpoints: endpoints.count() }),
    isOwnType: (workspaceId, eventType) => ownTypes.has(eventTypeSubject(workspaceId, eventType)),
    findOwnType: async ({ workspaceId, eventType }) => {
      const subject = eventTypeSubject(workspaceId, eventType);
      await confirm(subject);
      return ownTypes.has(subject);
    },
    known,
    choosing,
    find: async (delivery) => {
      const at = endpointAt(delivery);
      if (at === undefined) await findSubscription(delivery.address);
      else await confirmed(endpointSubject(at), () => endpoints.get(at));
      return known(delivery);
    },
    candidates: async (address) => {
      const isKnown = knownSubscription(address) !== undefined && following.isCurrent();
      const [subscription] = await Promise.all([
        findSubscription(address),
        isKnown ? undefined : caughtUpWith(endpointsOfWorkspace(address.workspaceId)),
      ]);
      return {
        isSubscribed: subscription !== undefined,
        endpoints: endpoints.choosing(address),
      };
    },
  };
};

type Entries = {
  readonly agents: ReturnType<typeof agentEntries>;
  readonly endpoints: ReturnType<typeof endpointEntries>;
};

/** What the view says without a request. */
const knownDestinations = ({ agents, endpoints }: Entries) => {
  const knownSubscription = (at: EventAddress): Subscription | undefined => {
    const entry = agents.get(subscriptionSubject(at));
    return entry?.subscriptions.find((one) => one.event_type === at.eventType);
  };
  return {
    knownSubscription,
    known: (delivery: DeliveryAt): FoundDestination | undefined => {
      const { address } = delivery;
      const at = endpointAt(delivery);
      if (at === undefined) {
        const found = knownSubscription(address);
        return found && subscriptionDestination(address, found);
      }
      const found = endpoints.get(at);
      return found && endpointDestination(found, address);
    },
    choosing: (delivery: DeliveryAt): DeliverableEndpoint | undefined => {
      const at = endpointAt(delivery);
      const found = at && endpoints.get(at);
      return found?.switch === "on" && choosesEvent(found, delivery.address) ? found : undefined;
    },
  };
};

/** Undefined: the delivery goes to the agent's subscription. */
const endpointAt = ({ address, deliveryId }: DeliveryAt) => {
  const endpointId = endpointIdOf(deliveryId);
  return endpointId === undefined ? undefined : { workspaceId: address.workspaceId, endpointId };
};

type Applied = Entries & {
  readonly ownTypes: ReturnType<typeof ownTypeEntries>;
  readonly log: Logger;
};

/** Applies a message of SUBSCRIPTIONS to what it is about. */
const applier =
  ({ agents, endpoints, ownTypes, log }: Applied) =>
  (message: LastMessage): void => {
    const { subject, seq, data } = message;
    if (isEventTypeSubject(subject)) return ownTypes.apply(subject, seq, data, log);
    if (endpoints.apply(message, log, performance.now())) return;
    if ((agents.get(subject)?.seq ?? 0) >= seq) return;
    const entry = entryFrom(data, seq, subject, log);
    if (entry !== undefined) agents.apply(subject, entry, performance.now());
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
    log.error({ ...idsInSubject(subject), subject, seq, problem }, "subscriptions.unreadable");
    return undefined;
  }
  const { state } = read;
  const subscriptions = state.kind === "registered" ? state.agent.event_subscriptions : [];
  const registered = state.kind === "registered" && address?.agentId !== WORKSPACE_AGENT;
  return { seq, registered, subscriptions };
};
