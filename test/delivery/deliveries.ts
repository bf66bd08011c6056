import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { ConfigurationEvent } from "@ringback/contracts/agents/agent";
import type { EventAddress } from "@ringback/contracts/events/event";
import { subscriptionSubject } from "@ringback/contracts/streams/subjects";
import { eventually } from "../harness/eventually.ts";
import type { Platform } from "../harness/process/platform.ts";

export interface PublishedEvent {
  readonly seq: number;
  readonly address: EventAddress;
}

let agents = 0;

/** An id that no other test of this file uses. */
export const newAgentId = (): string => `agent-${(agents += 1)}`;

/** Subscribes a new agent at this URL through the API and publishes one event of a call of its own. */
export async function deliverTo(platform: Platform, url: string): Promise<PublishedEvent> {
  const agentId = newAgentId();
  await platform.subscribe([{ event_type: "call_completed", callback_url: url }], { agentId });
  return platform.publish({ agentId, callId: `call-of-${agentId}` });
}

/** As `deliverTo`, but the subscription is stored without asking the API whether the URL may be used. */
export async function deliverUncheckedTo(platform: Platform, url: string): Promise<PublishedEvent> {
  const ids = { workspace_id: "w1", agent_id: newAgentId() };
  const at = new Date().toISOString();
  const subscription = {
    event_type: "call_completed" as const,
    callback_url: url,
    headers: {},
    method_type: "POST" as const,
  };
  const times = { created_at: at, updated_at: at };
  const configured: ConfigurationEvent = {
    type: "event_subscriptions_edited",
    occurred_at: at,
    actor: "test",
    change: { set: [subscription], removed: [] },
    version: 2,
    agent: { ...ids, agent_display_name: "a", event_subscriptions: [subscription], ...times },
  };
  const address = { workspaceId: ids.workspace_id, agentId: ids.agent_id };
  await platform.client.js.publish(subscriptionSubject(address), JSON.stringify(configured));
  return platform.publish({ agentId: ids.agent_id, callId: `call-of-${ids.agent_id}` });
}

/** Waits until nothing more is to come of a delivery, and gives all its records. */
export async function ended(
  platform: Platform,
  event: PublishedEvent,
  timeoutMs = 15_000,
): Promise<AttemptRecord[]> {
  return eventually(
    async () => {
      const records = await platform.attemptsOf(event);
      return records.at(-1)?.next.kind === "retry" || records.length === 0 ? null : records;
    },
    { timeoutMs, intervalMs: 50, what: "the delivery ends" },
  );
}

/** Outcome and next step of each attempt, for one comparison of the whole story. */
export const story = (records: readonly AttemptRecord[]): string[] =>
  records.map(({ attempt, outcome, next }) => {
    const what = outcome.kind === "failed" ? outcome.reason : outcome.kind;
    const code = "status_code" in outcome ? ` ${outcome.status_code}` : "";
    return `${attempt}: ${what}${code}, ${next.kind}`;
  });
