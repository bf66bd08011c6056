import { readAgentState } from "@ringback/contracts/agent-message";
import type { EventAddress } from "@ringback/contracts/event";
import {
  parseSubscriptionSubject,
  STREAMS,
  subscriptionSubject,
} from "@ringback/contracts/subjects";
import type { Subscription } from "@ringback/contracts/subscription";
import { WORKSPACE_AGENT } from "@ringback/contracts/workspace-agent";
import { followLastValues, type LastValue, type LastValues } from "@ringback/runtime/last-values";
import type { Logger } from "@ringback/runtime/logger";
import type { Nats } from "@ringback/runtime/nats";
import { readLast } from "@ringback/runtime/publish";

export type SubscriptionView = {
  /**
   * The subscription for an event as it is now, or undefined. Before it says that there is none it
   * asks the stream itself: a change may be a moment ahead of this view, and nothing would bring the
   * event back.
   */
  readonly find: (address: EventAddress) => Promise<Subscription | undefined>;
  readonly counts: () => { readonly agents: number; readonly subscriptions: number };
  readonly following: LastValues;
};

type AgentEntry = {
  readonly seq: number;
  /** As an agent of calls: the workspace's own one does not count. */
  readonly registered: boolean;
  readonly subscriptions: readonly Subscription[];
};

const NOTHING: AgentEntry = { seq: 0, registered: false, subscriptions: [] };

/** A stream's "there is none" is believed this long: less than the second in which changes must show. */
const ABSENCE_BELIEVED_MS = 500;
const ABSENCES_REMEMBERED = 10_000;

/** All subscriptions in memory, followed live from SUBSCRIPTIONS. */
export const subscriptionView = (
  nats: Nats,
  log: Logger,
  onStreamLost: (error: unknown) => void,
): SubscriptionView => {
  const agents = new Map<string, AgentEntry>();
  const absent = new Map<string, number>();
  const counts = { agents: 0, subscriptions: 0 };

  const apply = ({ subject, seq, data }: LastValue): void => {
    const before = agents.get(subject) ?? NOTHING;
    if (before.seq >= seq) return;
    const after = entryFrom(data, seq, subject, log);
    if (after === undefined) return;
    counts.agents += Number(after.registered) - Number(before.registered);
    counts.subscriptions += after.subscriptions.length - before.subscriptions.length;
    agents.set(subject, after);
  };

  const confirm = async (subject: string): Promise<void> => {
    const askedMs = performance.now();
    if (askedMs - (absent.get(subject) ?? -Infinity) < ABSENCE_BELIEVED_MS) return;
    const last = await readLast(nats, STREAMS.subscriptions, subject);
    if (last !== null) apply(last);
    absent.delete(subject); // so that the one asked for longest ago is always the first
    absent.set(subject, askedMs);
    const [oldest] = absent.keys();
    if (absent.size > ABSENCES_REMEMBERED && oldest !== undefined) absent.delete(oldest);
  };

  const following = followLastValues({
    nats,
    stream: STREAMS.subscriptions,
    filter: "subscriptions.>",
    apply,
    onStreamLost,
    log,
  });
  return {
    following,
    counts: () => counts,
    find: async (address) => {
      const subject = subscriptionSubject(address);
      const look = (): Subscription | undefined =>
        agents.get(subject)?.subscriptions.find((s) => s.event_type === address.eventType);
      const found = look();
      if (found !== undefined) return found;
      await confirm(subject);
      return look();
    },
  };
};

/** What a configuration event says; undefined, and logged, when it is not one. */
const entryFrom = (
  data: Uint8Array,
  seq: number,
  subject: string,
  log: Logger,
): AgentEntry | undefined => {
  const address = parseSubscriptionSubject(subject);
  const read = address === undefined ? undefined : readAgentState(address, data);
  if (read?.kind !== "state") {
    // The agent's state before is kept: better than no state, and someone is told.
    const problem = read?.kind === "invalid" ? read.message : "not the subject of an agent";
    log.error({ subject, seq, problem }, "subscriptions.unreadable");
    return undefined;
  }
  const { state } = read;
  const subscriptions = state.kind === "registered" ? state.agent.event_subscriptions : [];
  const registered = state.kind === "registered" && address?.agentId !== WORKSPACE_AGENT;
  return { seq, registered, subscriptions };
};
