import { Buffer } from "node:buffer";
import {
  configurationChangeSchema,
  INITIAL_AGENT_STATE,
  type AgentState,
  type ConfigurationChange,
} from "@ringback/contracts/agents/agent";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import { isId } from "@ringback/contracts/id";
import {
  openSubscription,
  subscriptionOwner,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import {
  STREAMS,
  subscriptionSubject,
  type AgentAddress,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import { z } from "zod";
import { readNewest, type PageQuery } from "../streams/newest.ts";
import { readStored } from "../streams/read-stream.ts";
import { openState } from "./secrets.ts";

/** One change of an agent. */
export type HistoryEntry = {
  readonly seq: number;
  readonly version: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly actor: string | undefined;
  /** With its secrets open; undefined: another version of Ringback wrote it in another form. */
  readonly change: ConfigurationChange | undefined;
  /** The agent as the change left it. */
  readonly state: AgentState;
};

/** The changes of agents, which SUBSCRIPTIONS keeps for ever. Throws as `EventReader` does. */
export type AgentHistory = {
  /** Newest first; empty for an unknown agent. */
  readonly changes: (
    agent: AgentAddress,
    page: PageQuery,
  ) => Promise<{ readonly entries: readonly HistoryEntry[]; readonly nextBeforeSeq?: number }>;
  /** The agent as it was at a time, by `occurred_at` of its changes. */
  readonly stateAt: (agent: AgentAddress, atMs: number) => Promise<AgentState>;
};

export type AgentHistoryDeps = { readonly nats: Nats; readonly sealer: Pick<Sealer, "open"> };

/** One change may hold 50 subscriptions with all their headers. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** A change is stored within this time after its `occurred_at`, whose clock may differ. */
const STORED_WITHIN_MS = 5 * 60_000;

const CHANGES_AT_ONCE = 50;

export const agentHistory = (deps: AgentHistoryDeps): AgentHistory => ({
  changes: (agent, page) => changesOf(agent, page, deps),
  stateAt: async (agent, atMs) => {
    if (!isId(agent.agentId)) return INITIAL_AGENT_STATE;
    let beforeSeq = await firstStoredAfter(agent, atMs + STORED_WITHIN_MS, deps.nats);
    for (;;) {
      const page = { limit: CHANGES_AT_ONCE, beforeSeq };
      const { entries, nextBeforeSeq } = await changesOf(agent, page, deps);
      const last = entries.find(({ occurredAt }) => Date.parse(occurredAt) <= atMs);
      if (last !== undefined) return last.state;
      if (nextBeforeSeq === undefined) return INITIAL_AGENT_STATE;
      beforeSeq = nextBeforeSeq;
    }
  },
});

const firstStoredAfter = async (
  agent: AgentAddress,
  afterMs: number,
  nats: Nats,
): Promise<number | undefined> => {
  const filter = subscriptionSubject(agent);
  const from = new Date(afterMs);
  const part = { stream: STREAMS.subscriptions, filter, from, size: 1, maxBytes: 1 };
  const [message] = await readStored(nats, part);
  return message?.seq;
};

const changesOf = async (
  agent: AgentAddress,
  { limit, beforeSeq }: PageQuery,
  { nats, sealer }: AgentHistoryDeps,
) => {
  if (!isId(agent.agentId)) return { entries: [] };
  const { messages, hasOlder } = await readNewest(nats, {
    stream: STREAMS.subscriptions,
    filter: subscriptionSubject(agent),
    beforeSeq,
    limit,
    maxBytes: PAGE_BYTES,
  });
  const last = messages.at(-1);
  return {
    entries: messages.map((message) => entryIn(agent, message, sealer)),
    ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}),
  };
};

const messageSchema = z.looseObject({
  type: z.string(),
  occurred_at: z.string(),
  actor: z.string().optional(),
});

const entryIn = (
  agent: AgentAddress,
  { seq, subject, data }: Pick<BatchMessage, "seq" | "subject" | "data">,
  sealer: Pick<Sealer, "open">,
): HistoryEntry => {
  const read = readAgentState(agent, data);
  if (read.kind === "invalid") {
    throw new Error(`${STREAMS.subscriptions} ${seq} on ${subject}: ${read.message}`);
  }
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  const message = messageSchema.parse(JSON.parse(text));
  const change = configurationChangeSchema.safeParse(message).data;
  return {
    seq,
    version: read.state.version,
    type: message.type,
    occurredAt: message.occurred_at,
    actor: message.actor,
    change: change === undefined ? undefined : openChange(agent, change, sealer),
    // Without a log: the keys of old secrets may have been removed on purpose.
    state: openState(agent, read.state, sealer),
  };
};

const openChange = (
  agent: AgentAddress,
  change: ConfigurationChange,
  sealer: Pick<Sealer, "open">,
): ConfigurationChange => {
  if (change.type !== "event_subscriptions_edited") return change;
  const set = change.change.set.map(
    (one) => openSubscription(subscriptionOwner(agent, one.event_type), one, sealer).subscription,
  );
  return { ...change, change: { ...change.change, set } };
};
