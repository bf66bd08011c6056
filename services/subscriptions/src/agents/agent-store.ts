import { randomUUIDv7 } from "node:crypto";
import type { StoredMsg } from "@nats-io/jetstream";
import {
  INITIAL_AGENT_STATE,
  type AgentState,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import { readAgentState } from "@ringback/contracts/agents/agent-message";
import { isId } from "@ringback/contracts/id";
import { markIn } from "@ringback/contracts/streams/request-record";
import type { Sealer } from "@ringback/contracts/secrets/subscription-secrets";
import {
  STREAMS,
  subscriptionSubject,
  type AgentAddress,
} from "@ringback/contracts/streams/subjects";
import { traceHeaders, type TraceContext } from "@ringback/contracts/trace-context";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readNext, readSequence, type Published } from "@ringback/runtime/nats/publish";
import type { Tracer } from "@ringback/runtime/telemetry/tracer";
import { openState, rememberingSealer, sealEvent } from "./secrets.ts";
import { ask } from "../streams/ask.ts";
import { lastMessage, publish } from "../streams/read-stream.ts";

/** An agent's state and the sequence of the message that says so; 0: there is none. */
export type StoredAgent = {
  readonly state: AgentState;
  readonly seq: number;
  /** Seals secrets that are in the state as they are stored already. */
  readonly sealer?: Sealer;
};

/** What an append belongs to. */
type AppendContext = {
  /** The request's trace, where requests are traced. */
  readonly trace?: TraceContext | undefined;
  /** Of the agent as it was read before. */
  readonly sealer?: Sealer | undefined;
};

/**
 * Reads and appends agents' configuration events. Secrets are stored sealed and read open, except those that no
 * key opens. All throw an error that `isUnavailable` knows when NATS is disconnected or does not reply in time;
 * an append may then be stored or not.
 */
export type AgentStore = {
  /** Absent for an id that no agent can have. */
  readonly read: (address: AgentAddress) => Promise<StoredAgent>;
  /** The agent as the message with this sequence says; 0: as before the first one. */
  readonly readAt: (address: AgentAddress, seq: number) => Promise<AgentState>;
  /** The message after `afterSeq` by which the request with this key was carried out. */
  readonly findMarked: (
    address: AgentAddress,
    afterSeq: number,
    keyHash: string,
  ) => Promise<MarkedMessage | undefined>;
  /** Appends unless something else came after `lastSeq`. */
  readonly append: (
    address: AgentAddress,
    event: ConfigurationEvent,
    lastSeq: number,
    context?: AppendContext,
  ) => Promise<Published>;
};

/** The message of a request's change, and the agent's last message before it. */
export type MarkedMessage = { readonly beforeSeq: number; readonly seq: number };

/** The agents in SUBSCRIPTIONS, always read from the stream's leader: it knows what is stored. */
export const agentStore = (
  nats: Nats,
  sealer: Sealer,
  log: Logger,
  tracer?: Tracer,
): AgentStore => ({
  read: async (address) => {
    if (!isId(address.agentId)) return { state: INITIAL_AGENT_STATE, seq: 0 };
    const subject = subscriptionSubject(address);
    const message = await lastMessage(nats, STREAMS.subscriptions, subject);
    if (message === null) return { state: INITIAL_AGENT_STATE, seq: 0 };
    const remembering = rememberingSealer(sealer);
    const state = openState(address, stateIn(address, message), remembering, log);
    return { state, seq: message.seq, sealer: remembering };
  },
  readAt: async (address, seq) => {
    if (seq === 0) return INITIAL_AGENT_STATE;
    const subject = subscriptionSubject(address);
    const message = await messageAt(nats, subject, seq);
    // In a stream that was made again since, the sequence may be another workspace's.
    if (message === null || message.subject !== subject) {
      throw new Error(`${STREAMS.subscriptions} ${seq} is not a message on ${subject}`);
    }
    return openState(address, stateIn(address, message), sealer, log);
  },
  findMarked: async (address, afterSeq, keyHash) => {
    const subject = subscriptionSubject(address);
    for (let seq = afterSeq + 1; ;) {
      const message = await messageFrom(nats, subject, seq);
      if (message === null) return undefined;
      const mark = markIn(message.data);
      if (mark?.key_hash === keyHash) return { beforeSeq: mark.before_seq, seq: message.seq };
      seq = message.seq + 1;
    }
  },
  append: async (address, event, lastSeq, { trace, sealer: before } = {}) => {
    const subject = subscriptionSubject(address);
    const publication = {
      stream: STREAMS.subscriptions,
      subject,
      body: JSON.stringify(sealEvent(address, event, before ?? rememberingSealer(sealer))),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    };
    const span = tracer?.start(`publish ${STREAMS.subscriptions}`, spanOptions(event, trace));
    try {
      const headers = traceHeaders(span?.context);
      const published = await publish(nats, { ...publication, headers });
      // The command is decided again over the other change: nothing went wrong.
      if (published.kind === "conflict") span?.event("ringback.conflict");
      return published;
    } catch (error) {
      span?.fail("unavailable");
      throw error;
    } finally {
      span?.end();
    }
  },
});

const messageAt = (nats: Nats, subject: string, seq: number): Promise<StoredMsg | null> =>
  ask(nats, `reading ${subject}`, () => readSequence(nats, STREAMS.subscriptions, seq));

const messageFrom = (nats: Nats, subject: string, seq: number): Promise<StoredMsg | null> =>
  ask(nats, `reading ${subject}`, () => readNext(nats, STREAMS.subscriptions, subject, seq));

const stateIn = (address: AgentAddress, { data, seq, subject }: StoredMsg): AgentState => {
  const read = readAgentState(address, data);
  if (read.kind === "state") return read.state;
  throw new Error(`${STREAMS.subscriptions} ${seq} on ${subject}: ${read.message}`);
};

/** An append has a span of its own, a producer's, which its message carries. */
const spanOptions = (event: ConfigurationEvent, parent: TraceContext | undefined) => ({
  kind: "producer" as const,
  attributes: {
    "messaging.system": "nats",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.name": STREAMS.subscriptions,
    "messaging.destination.template": "subscriptions.{workspace_id}.{agent_id}",
    "ringback.configuration_event": event.type,
  },
  parent,
});
