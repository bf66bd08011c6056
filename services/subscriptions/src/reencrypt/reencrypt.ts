import { randomUUIDv7 } from "node:crypto";
import { DeliverPolicy } from "@nats-io/jetstream";
import { evolve, type AgentState, type ConfigurationEvent } from "@ringback/contracts/agents/agent";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import {
  ALL_SUBSCRIPTIONS,
  parseSubscriptionSubject,
  STREAMS,
  subscriptionSubject,
  type AgentAddress,
} from "@ringback/contracts/streams/subjects";
import {
  isSealedNow,
  openSubscription,
  subscriptionOwner,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import { withLiveKeys, type Subscription } from "@ringback/contracts/agents/subscription";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { publishUntilStored, readLast } from "@ringback/runtime/nats/publish";
import { sealEvent } from "../agents/secrets.ts";

/** The agents of a run, counted by result. */
export type Reencrypted = {
  /** Unchanged: under the first key already, without secrets, or removed. */
  current: number;
  rewritten: number;
  /** Unchanged: no key opens all of its secrets. */
  unreadable: number;
  /** Unchanged: other writers changed it at every try. The next run tries again. */
  contended: number;
};

export type ReencryptDeps = {
  readonly nats: Nats;
  readonly sealer: Sealer;
  readonly log: Logger;
  readonly now: () => Date;
  readonly stopping: AbortSignal;
};

const MAX_CONCURRENT = 16;
const BATCH_SIZE = 50;
const MAX_TRIES = 20;
const ACTOR = "reencrypt";

/**
 * Seals the secrets of every agent with the first key, while the services run. Each agent is a message of its
 * own, so the next run continues an interrupted one and skips the agents that are done.
 */
export const reencryptAll = async (deps: ReencryptDeps): Promise<Reencrypted> => {
  const counts: Reencrypted = { current: 0, rewritten: 0, unreadable: 0, contended: 0 };
  await mapConcurrently(subjects(deps), MAX_CONCURRENT, async (subject) => {
    const address = parseSubscriptionSubject(subject);
    if (address === undefined) return;
    const result = await reencryptOne(address, deps);
    counts[result] += 1;
  });
  return counts;
};

/** The subjects of all agents at the start, pulled as fast as the caller takes them. */
async function* subjects({ nats, stopping }: ReencryptDeps): AsyncGenerator<string> {
  const { state } = await nats.jsm.streams.info(STREAMS.subscriptions);
  const consumer = await nats.js.consumers.get(STREAMS.subscriptions, {
    filter_subjects: [ALL_SUBSCRIPTIONS],
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let left = (await consumer.info(true)).num_pending;
  while (left > 0) {
    for await (const message of await consumer.fetch({
      max_messages: Math.min(left, BATCH_SIZE),
    })) {
      // The services seal later messages with the first key, and so does this run.
      if (stopping.aborted || message.seq > state.last_seq) return;
      left = message.info.pending;
      yield message.subject;
    }
  }
}

const reencryptOne = async (
  address: AgentAddress,
  deps: ReencryptDeps,
): Promise<keyof Reencrypted> => {
  const subject = subscriptionSubject(address);
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const last = await readLast(deps.nats, STREAMS.subscriptions, subject);
    const read = last === null ? undefined : readAgentState(address, last.data);
    if (last === null || read === undefined) return "current";
    if (read.kind === "invalid") {
      deps.log.error({ subject, seq: last.seq, problem: read.message }, "reencrypt.unreadable");
      return "unreadable";
    }
    const plan = planFor(address, read.state, deps);
    if (plan.kind !== "rewrite") return plan.kind;
    const publication = {
      stream: STREAMS.subscriptions,
      subject,
      body: JSON.stringify(sealEvent(address, plan.event, deps.sealer)),
      messageId: randomUUIDv7(),
      expectedLastSeq: last.seq,
    };
    const stored = await publishUntilStored(deps.nats, publication, deps.log, deps.stopping);
    if (stored.kind === "stored") return "rewritten";
  }
  deps.log.warn({ subject, tries: MAX_TRIES }, "reencrypt.contended");
  return "contended";
};

type Plan =
  | { readonly kind: "current" | "unreadable" }
  /** With its secrets open. */
  | { readonly kind: "rewrite"; readonly event: ConfigurationEvent };

const planFor = (
  address: AgentAddress,
  state: AgentState,
  { sealer, log, now }: ReencryptDeps,
): Plan => {
  if (state.kind === "absent") return { kind: "current" };
  // Nobody uses an expired signing key: it need not open.
  const at = now();
  const stored = state.agent.event_subscriptions.map((one) => withLiveKeys(one, at.getTime()));
  const ownerOf = ({ event_type }: Subscription) => subscriptionOwner(address, event_type);
  if (stored.every((one) => isSealedNow(ownerOf(one), one, sealer))) return { kind: "current" };
  const opened = stored.map((one) => openSubscription(ownerOf(one), one, sealer));
  const problems = opened.flatMap((one) => one.problems);
  if (problems.length > 0) {
    const { workspaceId: workspace_id, agentId: agent_id } = address;
    log.error({ workspace_id, agent_id, problems }, "reencrypt.unreadable");
    return { kind: "unreadable" };
  }
  const event_subscriptions = opened.map(({ subscription }) => subscription);
  const before = { ...state, agent: { ...state.agent, event_subscriptions } };
  const metadata = { actor: ACTOR, occurred_at: at.toISOString() };
  const change = { type: "secrets_reencrypted", change: {}, ...metadata } as const;
  const after = evolve(before, change);
  const agent = after.kind === "registered" ? after.agent : null;
  return { kind: "rewrite", event: { ...change, version: after.version, agent } };
};
