import { randomUUIDv7 } from "node:crypto";
import { DeliverPolicy } from "@nats-io/jetstream";
import { parseEndpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import {
  ALL_SUBSCRIPTIONS,
  parseSubscriptionSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import type { Sealer } from "@ringback/contracts/secrets/sealed-text";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { publishUntilStored, readLast } from "@ringback/runtime/nats/publish";
import { planForAgent, planForEndpoint, type Plan } from "./plan.ts";

/** The agents and endpoints of a run, counted by result. */
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

/**
 * Seals the secrets of every agent and endpoint with the first key, while the services run. Each is a message of its
 * own, so the next run continues an interrupted one and skips those that are done.
 */
export const reencryptAll = async (deps: ReencryptDeps): Promise<Reencrypted> => {
  const counts: Reencrypted = { current: 0, rewritten: 0, unreadable: 0, contended: 0 };
  await mapConcurrently(subjects(deps), MAX_CONCURRENT, async (subject) => {
    const owner = ownerOf(subject, deps);
    if (owner === undefined) return;
    const result = await reencryptOne(subject, owner, deps);
    counts[result] += 1;
  });
  return counts;
};

/** The subjects of all agents and endpoints at the start, pulled as fast as the caller takes them. */
async function* subjects({ nats, stopping }: ReencryptDeps): AsyncGenerator<string> {
  const { state } = await nats.jsm.streams.info(STREAMS.subscriptions);
  const consumer = await nats.js.consumers.get(STREAMS.subscriptions, {
    filter_subjects: ALL_SUBSCRIPTIONS, // not a list: so the request's subject names it, and NATS can permit just that
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

/** The agent or endpoint whose secrets are on a subject. */
type Owner = {
  /** For the log. */
  readonly ids: Readonly<Record<string, string>>;
  readonly planFor: (stored: Uint8Array) => Plan;
};

/** Undefined: what the subject names has no secrets. */
const ownerOf = (subject: string, deps: ReencryptDeps): Owner | undefined => {
  const agent = parseSubscriptionSubject(subject);
  if (agent !== undefined) {
    const ids = { workspace_id: agent.workspaceId, agent_id: agent.agentId };
    return { ids, planFor: (stored) => planForAgent(agent, stored, deps) };
  }
  const endpoint = parseEndpointSubject(subject);
  if (endpoint === undefined) return undefined;
  const ids = { workspace_id: endpoint.workspaceId, endpoint_id: endpoint.endpointId };
  return { ids, planFor: (stored) => planForEndpoint(endpoint, stored, deps) };
};

const reencryptOne = async (
  subject: string,
  { ids, planFor }: Owner,
  deps: ReencryptDeps,
): Promise<keyof Reencrypted> => {
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const last = await readLast(deps.nats, STREAMS.subscriptions, subject);
    if (last === null) return "current";
    const plan = planFor(last.data);
    if (plan.kind === "unreadable") {
      const { problems } = plan;
      deps.log.error({ ...ids, subject, seq: last.seq, problems }, "reencrypt.unreadable");
    }
    if (plan.kind !== "rewrite") return plan.kind;
    const publication = {
      stream: STREAMS.subscriptions,
      subject,
      body: JSON.stringify(plan.event),
      messageId: randomUUIDv7(),
      expectedLastSeq: last.seq,
    };
    const stored = await publishUntilStored(deps.nats, publication, deps.log, deps.stopping);
    if (stored.kind === "stored") return "rewritten";
  }
  deps.log.warn({ ...ids, subject, tries: MAX_TRIES }, "reencrypt.contended");
  return "contended";
};
