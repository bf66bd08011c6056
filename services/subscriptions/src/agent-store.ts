import { randomUUIDv7 } from "node:crypto";
import {
  INITIAL_AGENT_STATE,
  type AgentState,
  type ConfigurationEvent,
} from "@ringback/contracts/agent";
import { readAgentState } from "@ringback/contracts/agent-message";
import type { Sealer } from "@ringback/contracts/subscription-secrets";
import { STREAMS, subscriptionSubject, type AgentAddress } from "@ringback/contracts/subjects";
import type { Logger } from "@ringback/runtime/logger";
import type { Nats } from "@ringback/runtime/nats";
import { publishOnce, readLast, type Published } from "@ringback/runtime/publish";
import { openState, sealEvent } from "./stored-secrets.ts";
import { refuseWhileDisconnected, within } from "./unavailable.ts";

/** An agent's state and the sequence of the message that says so; 0: there is none. */
export type StoredAgent = { readonly state: AgentState; readonly seq: number };

/**
 * Reads and appends agents' configuration events; secrets are sealed in what is stored, and open in
 * what is read, save those that cannot be opened. Both throw an error that `isUnavailable` knows
 * when NATS cannot be asked or does not answer in time; an append may then be stored or not.
 */
export type AgentStore = {
  readonly read: (address: AgentAddress) => Promise<StoredAgent>;
  /** Appends unless something else came after `lastSeq`. */
  readonly append: (
    address: AgentAddress,
    event: ConfigurationEvent,
    lastSeq: number,
  ) => Promise<Published>;
  /** The sequence of the stream's last message: all that was stored so far. */
  readonly lastSeq: () => Promise<number>;
};

const ANSWER_TIMEOUT_MS = 2_000;

/** The agents in SUBSCRIPTIONS, always asked of the stream's leader: it knows what was stored. */
export const agentStore = (nats: Nats, sealer: Sealer, log: Logger): AgentStore => ({
  read: async (address) => {
    refuseWhileDisconnected(nats);
    const subject = subscriptionSubject(address);
    const reading = readLast(nats, STREAMS.subscriptions, subject);
    const message = await within(ANSWER_TIMEOUT_MS, `reading ${subject}`, reading);
    if (message === null) return { state: INITIAL_AGENT_STATE, seq: 0 };
    const read = readAgentState(address, message.data);
    if (read.kind === "state") {
      return { state: openState(address, read.state, sealer, log), seq: message.seq };
    }
    throw new Error(`${STREAMS.subscriptions} ${message.seq} on ${subject}: ${read.message}`);
  },
  append: (address, event, lastSeq) => {
    refuseWhileDisconnected(nats);
    const subject = subscriptionSubject(address);
    const publication = {
      stream: STREAMS.subscriptions,
      subject,
      body: JSON.stringify(sealEvent(address, event, sealer)),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
    };
    return within(
      ANSWER_TIMEOUT_MS,
      `appending to ${subject}`,
      publishOnce(nats, publication, ANSWER_TIMEOUT_MS),
    );
  },
  lastSeq: async () => {
    refuseWhileDisconnected(nats);
    const asking = nats.jsm.streams.info(STREAMS.subscriptions);
    const info = await within(ANSWER_TIMEOUT_MS, `asking for ${STREAMS.subscriptions}`, asking);
    return info.state.last_seq;
  },
});
