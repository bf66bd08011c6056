import {
  stateAfter,
  type AgentState,
  type ConfigurationEventType,
} from "@ringback/contracts/agents/agent";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { pause } from "@ringback/runtime/process/backoff";
import type { AgentStore, MarkedMessage, StoredAgent } from "./agent-store.ts";
import { decide, type Accepted, type Command, type Rejection } from "./decide/edit.ts";
import type { Precondition } from "./decide/precondition.ts";
import { toEvents } from "./decide/to-events.ts";
import { UnavailableError } from "../streams/ask.ts";
import type { WorkspaceLimits } from "./workspace-limits.ts";

export type CommandDeps = {
  readonly store: AgentStore;
  readonly now: () => Date;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly onChange: (type: ConfigurationEventType) => void;
  readonly onConflict: () => void;
  readonly limits: WorkspaceLimits;
};

/** The sender of a command, and its condition. */
export type CommandContext = {
  /** The id of the API key. */
  readonly actor: string;
  readonly precondition?: Precondition | undefined;
  /** The request has an `Idempotency-Key`. */
  readonly once?: Once;
  /** The request's trace, where requests are traced. */
  readonly trace?: TraceContext | undefined;
};

type Once = {
  readonly keyHash: string;
  readonly requestHash: string;
  /** An earlier claim may have carried this out: then its change is after this message. */
  readonly claimedAfterSeq: number | undefined;
  /** From this time on another process may take the claim over. */
  readonly deadlineMs: number;
};

/** An accepted command and the agent after it; `changes` is empty when there was nothing to change. */
export type AppliedCommand = Accepted & { readonly state: AgentState };

/** Other writers changed the agent at every try. */
export type Conflict = { readonly kind: "conflict" };

export type CommandResult = AppliedCommand | Rejection | Conflict;

/** A result and the messages before and after it, from which it can be computed again. */
export type Decided = {
  readonly kind: "decided";
  readonly result: AppliedCommand | Rejection;
  readonly beforeSeq: number;
  readonly seq: number;
  /** It had been carried out before. */
  readonly isRepeat: boolean;
};

const MAX_TRIES = 20;
const FIRST_WAIT_MS = 10;
const MAX_WAIT_MS = 250;

/**
 * Reads, decides and appends; decides again when another change came in between. Throws when it cannot know
 * whether everything is stored, and for a command beyond the workspace's limits.
 */
export const handleCommand = async (
  command: Command,
  context: CommandContext,
  deps: CommandDeps,
): Promise<Decided | Conflict> => {
  const address = addressOf(command);
  for (let n = 0; n < MAX_TRIES; n += 1) {
    if (n > 0) await pause(waitMs(n, deps.random()));
    if (context.once !== undefined && deps.now().getTime() >= context.once.deadlineMs) {
      throw new UnavailableError("the request took too long: another may carry it out now");
    }
    const before = await deps.store.read(address);
    // After the read: a message that is stored later makes the append fail.
    const done = await doneBefore(command, context, deps);
    if (done !== undefined) return done;
    const result = decide(command, before.state, context.precondition);
    if (result.kind === "rejected") {
      return { kind: "decided", result, beforeSeq: before.seq, seq: before.seq, isRepeat: false };
    }
    const after = await appendAll(result.changes, { ...before, address }, context, deps);
    if (after !== "conflict") {
      const applied = { ...result, state: after.state };
      const seqs = { beforeSeq: before.seq, seq: after.seq };
      return { kind: "decided", result: applied, ...seqs, isRepeat: false };
    }
    deps.onConflict();
  }
  return { kind: "conflict" };
};

const addressOf = ({ agent }: Command): AgentAddress => ({
  workspaceId: agent.workspace_id,
  agentId: agent.agent_id,
});

/** A random part of a span that doubles, so that 100 concurrent writers all succeed. */
const waitMs = (n: number, random: number): number =>
  random * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** n);

const doneBefore = async (
  command: Command,
  context: CommandContext,
  { store }: CommandDeps,
): Promise<Decided | undefined> => {
  if (context.once?.claimedAfterSeq === undefined) return undefined;
  const { claimedAfterSeq, keyHash } = context.once;
  const found = await store.findMarked(addressOf(command), claimedAfterSeq, keyHash);
  if (found === undefined) return undefined;
  const result = await resultAgain(command, context, found, store);
  return result.kind === "conflict"
    ? undefined
    : { kind: "decided", result, ...found, isRepeat: true };
};

/**
 * The result of a command that was decided between these two messages. The decision depends only on the state
 * before it, so no response has to be stored. Where keys that have expired since lead to another decision, the
 * result is a conflict, and nothing was changed.
 */
export const resultAgain = async (
  command: Command,
  { precondition }: Pick<CommandContext, "precondition">,
  { beforeSeq, seq }: MarkedMessage,
  store: Pick<AgentStore, "readAt">,
): Promise<CommandResult> => {
  const address = addressOf(command);
  const before = await store.readAt(address, beforeSeq);
  const decision = decide(command, before, precondition);
  if (decision.kind === "rejected") return decision;
  if (seq === beforeSeq && decision.changes.length > 0) return { kind: "conflict" };
  const state = seq === beforeSeq ? before : await store.readAt(address, seq);
  return { ...decision, state };
};

const appendAll = async (
  changes: Accepted["changes"],
  { address, ...before }: StoredAgent & { readonly address: AgentAddress },
  { actor, once, trace }: CommandContext,
  { store, now, onChange, limits }: CommandDeps,
): Promise<StoredAgent | "conflict"> => {
  let { state, seq } = before;
  const metadata = { actor, occurred_at: now().toISOString() };
  const marker =
    once === undefined
      ? undefined
      : { key_hash: once.keyHash, request_hash: once.requestHash, before_seq: before.seq };
  const events = toEvents(changes, before.state, metadata, marker);
  if (events.length > 0) limits.admitChange(address, events);
  for (const event of events) {
    const appended = await store.append(address, event, seq, { trace, sealer: before.sealer });
    if (appended.kind === "conflict") return "conflict";
    onChange(event.type);
    seq = appended.seq;
    state = stateAfter(event);
  }
  return { state, seq };
};
