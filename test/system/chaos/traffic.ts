import { setTimeout as pause } from "node:timers/promises";
import { eventMessage } from "@ringback/contracts/events/event";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import type { NatsClient } from "../../harness/nats/nats-client.ts";
import type { Services } from "../../harness/process/platform.ts";
import { CROWD, type Member, pathOf } from "./crowd.ts";
import type { AcknowledgedEvent, AddressChange, AgentAddresses } from "./evidence.ts";

export interface TrafficOptions {
  readonly services: Services;
  readonly client: NatsClient;
  readonly urlOf: (path: string) => string;
  readonly eventsPerSecond: number;
}

export interface Traffic {
  /** Events that were published, acknowledged or not. */
  published(): number;
  readonly acknowledged: readonly AcknowledgedEvent[];
  readonly addresses: readonly AgentAddresses[];
  /** Changes of addresses that were not answered 200 at once, by their answer. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Ends the publishing and changing, and waits for what is under way: at most as long as one may take. */
  end(): Promise<void>;
}

/** How long a producer tries to have one event stored. */
const PUBLISH_FOR_MS = 60_000;
const PUBLISH_TIMEOUT_MS = 2_000;
const MOVE_EVERY_MS = 1_500;
const CHANGE_TIMEOUT_MS = 10_000;

interface Agent {
  readonly member: Member;
  readonly changes: AddressChange[];
}

/** Subscribes the crowd, then publishes to all of it and changes addresses until it is ended. */
export const startTraffic = async (options: TrafficOptions): Promise<Traffic> => {
  const agents = CROWD.map((member): Agent => ({ member, changes: [] }));
  const refusals = new Map<string, number>();
  await Promise.all(agents.map((agent) => change(options, agent, "subscribe", refusals)));
  const acknowledged: AcknowledgedEvent[] = [];
  const ending = new AbortController();
  const pending = new Set<Promise<void>>();
  let published = 0;
  const publishAll = async (): Promise<void> => {
    const startedMs = performance.now();
    while (!ending.signal.aborted) {
      const due = Math.floor(((performance.now() - startedMs) / 1_000) * options.eventsPerSecond);
      for (; published < due; published += 1) {
        const one = publishUntilStored(options.client, published, acknowledged);
        pending.add(one);
        void one.finally(() => pending.delete(one));
      }
      await pause(10);
    }
  };
  const move = async (agent: Agent): Promise<void> => {
    while (!ending.signal.aborted) {
      await pause(MOVE_EVERY_MS, undefined, { signal: ending.signal }).catch(() => {});
      if (ending.signal.aborted) return;
      const isSubscribed = agent.changes.at(-1)?.path !== null;
      const isLeaving = agent.member.character === "leaving" && isSubscribed;
      await change(options, agent, isLeaving ? "unsubscribe" : "subscribe", refusals);
    }
  };
  const movers = agents.filter(({ member }) => ["moving", "leaving"].includes(member.character));
  const running = [publishAll(), ...movers.map(move)];
  return {
    published: () => published,
    acknowledged,
    addresses: agents.map(({ member, changes }) => ({ agent: member, changes })),
    refusals,
    end: async () => {
      ending.abort();
      await Promise.all(running);
      await Promise.all(pending);
    },
  };
};

/** As a good producer does it: the same message with the same id, until there is an answer. */
const publishUntilStored = async (
  { js }: NatsClient,
  n: number,
  acknowledged: AcknowledgedEvent[],
): Promise<void> => {
  const member = CROWD[n % CROWD.length];
  if (member === undefined) return;
  const { workspaceId, agentId } = member;
  const callId = `c${n}`;
  const address: EventAddress = { workspaceId, callId, agentId, eventType: "call_completed" };
  const body = { event_type: "call_completed", call_id: callId, call_duration: n };
  const message = eventMessage({ ...address, body });
  const askedAtMs = Date.now();
  while (Date.now() < askedAtMs + PUBLISH_FOR_MS) {
    try {
      const options = { msgID: message.messageId, timeout: PUBLISH_TIMEOUT_MS };
      await js.publish(message.subject, message.body, options);
      acknowledged.push({ address, askedAtMs });
      return;
    } catch {
      await pause(200);
    }
  }
};

/** Asks for the same change again until it is confirmed: only then another one may be asked for. */
const change = async (
  { services, urlOf }: TrafficOptions,
  agent: Agent,
  kind: "subscribe" | "unsubscribe",
  refusals: Map<string, number>,
): Promise<void> => {
  const { workspaceId, agentId } = agent.member;
  const path = kind === "subscribe" ? pathOf(agent.member, agent.changes.length) : null;
  const place = agent.changes.length;
  const asked: AddressChange = { path, askedAtMs: Date.now(), confirmedAtMs: null };
  agent.changes.push(asked);
  const body =
    path === null
      ? { operation: "remove_event_subscriptions", event_types: ["call_completed"] }
      : {
          operation: "edit_event_subscriptions",
          mode: "replace",
          event_subscriptions: [{ event_type: "call_completed", callback_url: urlOf(path) }],
        };
  while (Date.now() < asked.askedAtMs + PUBLISH_FOR_MS) {
    const answer = await answerTo(services, { ...body, agent_id: agentId }, workspaceId);
    if (answer === "200") {
      agent.changes[place] = { ...asked, confirmedAtMs: Date.now() };
      return;
    }
    refusals.set(answer, (refusals.get(answer) ?? 0) + 1);
    await pause(100);
  }
};

const answerTo = async (services: Services, body: object, workspaceId: string): Promise<string> => {
  const tooLong = pause(CHANGE_TIMEOUT_MS, "no answer", { ref: false });
  const call = services.api("PATCH", "/agent/v1", body, workspaceId);
  try {
    return await Promise.race([call.then(({ status }) => String(status)), tooLong]);
  } catch {
    return "no connection";
  }
};
