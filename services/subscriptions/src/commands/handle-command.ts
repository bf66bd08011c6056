import type { TraceContext } from "@ringback/contracts/trace-context";
import { pause } from "@ringback/runtime/process/backoff";
import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";
import type { ChangeMetadata } from "./decide/events-of.ts";
import type { Precondition } from "./decide/precondition.ts";
import type { EntityTypes } from "./entity.ts";
import type { EntityStore, MarkedMessage, Stored } from "./entity-store.ts";
import { UnavailableError } from "../streams/ask.ts";

/** What commands to one kind of thing are and lead to. */
export type CommandTypes = EntityTypes & {
  readonly command: object;
  /** An accepted command; `changes` is empty when there was nothing to change. */
  readonly accepted: { readonly kind: "accepted"; readonly changes: readonly unknown[] };
  readonly rejection: { readonly kind: "rejected" };
};

/** How commands to one kind of thing are decided. All of it is pure. */
export type CommandKind<T extends CommandTypes> = {
  readonly addressOf: (command: T["command"]) => T["address"];
  readonly idOf: (command: T["command"]) => string;
  /** The same command to another one: a repeated request is for the one that was chosen when it came first. */
  readonly withId: (command: T["command"], id: string) => T["command"];
  readonly decide: (
    command: T["command"],
    state: T["state"],
    precondition?: Precondition,
  ) => T["accepted"] | T["rejection"];
  /** The events of accepted changes, in order; the last one has the mark. */
  readonly toEvents: (
    changes: T["accepted"]["changes"],
    before: T["state"],
    metadata: ChangeMetadata,
    mark?: IdempotencyMark,
  ) => readonly T["event"][];
  readonly stateAfter: (event: T["event"]) => T["state"];
  /** Whether events that NATS stores after this change are held: then it bears a time that NATS's clock has passed. */
  readonly holdsEvents?: (change: T["accepted"]["changes"][number]) => boolean;
};

export type CommandDeps<T extends CommandTypes> = {
  readonly kind: CommandKind<T>;
  readonly store: EntityStore<T>;
  readonly now: () => Date;
  /** A time that NATS's clock has passed, where `now` may be ahead of it. */
  readonly passed: () => Date;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly onChange: (type: T["event"]["type"]) => void;
  readonly onConflict: () => void;
  readonly limits: {
    /** Before the messages of one change are stored; throws for what is more than a workspace's share. */
    readonly admitChange: (address: T["address"], events: readonly T["event"][]) => void;
  };
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

/** An accepted command and the state after it. */
export type AppliedCommand<T extends CommandTypes> = T["accepted"] & { readonly state: T["state"] };

/** Other writers made changes at every try. */
export type Conflict = { readonly kind: "conflict" };

export type CommandResult<T extends CommandTypes> = AppliedCommand<T> | T["rejection"] | Conflict;

/** A result and the messages before and after it, from which it can be computed again. */
export type Decided<T extends CommandTypes> = {
  readonly kind: "decided";
  readonly result: AppliedCommand<T> | T["rejection"];
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
export const handleCommand = async <T extends CommandTypes>(
  command: T["command"],
  context: CommandContext,
  deps: CommandDeps<T>,
): Promise<Decided<T> | Conflict> => {
  const address = deps.kind.addressOf(command);
  for (let n = 0; n < MAX_TRIES; n += 1) {
    if (n > 0) await pause(waitMs(n, deps.random()));
    if (context.once !== undefined && deps.now().getTime() >= context.once.deadlineMs) {
      throw new UnavailableError("the request took too long: another may carry it out now");
    }
    const before = await deps.store.read(address);
    // After the read: a message that is stored later makes the append fail.
    const done = await doneBefore(command, context, deps);
    if (done !== undefined) return done;
    const result = deps.kind.decide(command, before.state, context.precondition);
    if (isRejected<T>(result)) {
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

const isRejected = <T extends CommandTypes>(
  result: T["accepted"] | T["rejection"],
): result is T["rejection"] => result.kind === "rejected";

/** A random part of a span that doubles, so that 100 concurrent writers all succeed. */
const waitMs = (n: number, random: number): number =>
  random * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** n);

const doneBefore = async <T extends CommandTypes>(
  command: T["command"],
  context: CommandContext,
  deps: CommandDeps<T>,
): Promise<Decided<T> | undefined> => {
  if (context.once?.claimedAfterSeq === undefined) return undefined;
  const { claimedAfterSeq, keyHash } = context.once;
  const found = await deps.store.findMarked(deps.kind.addressOf(command), claimedAfterSeq, keyHash);
  if (found === undefined) return undefined;
  const result = await resultAgain<T>(command, context, found, deps);
  return result.kind === "conflict"
    ? undefined
    : { kind: "decided", result, ...found, isRepeat: true };
};

/**
 * The result of a command that was decided between these two messages. The decision depends only on the state
 * before it, so no response has to be stored. Where keys that have expired since lead to another decision, the
 * result is a conflict, and nothing was changed.
 */
export const resultAgain = async <T extends CommandTypes>(
  command: T["command"],
  { precondition }: Pick<CommandContext, "precondition">,
  { beforeSeq, seq }: MarkedMessage,
  { store, kind }: Pick<CommandDeps<T>, "store" | "kind">,
): Promise<CommandResult<T>> => {
  const address = kind.addressOf(command);
  const before = await store.readAt(address, beforeSeq);
  const decision = kind.decide(command, before, precondition);
  if (isRejected<T>(decision)) return decision;
  if (seq === beforeSeq && decision.changes.length > 0) return { kind: "conflict" };
  const state = seq === beforeSeq ? before : await store.readAt(address, seq);
  return { ...decision, state };
};

const appendAll = async <T extends CommandTypes>(
  changes: T["accepted"]["changes"],
  { address, ...before }: Stored<T["state"]> & { readonly address: T["address"] },
  { actor, once, trace }: CommandContext,
  { kind, store, now, passed, onChange, limits }: CommandDeps<T>,
): Promise<Stored<T["state"]> | "conflict"> => {
  let { state, seq } = before;
  const at = changes.some((change) => kind.holdsEvents?.(change) === true) ? passed() : now();
  const metadata = { actor, occurred_at: at.toISOString() };
  const marker =
    once === undefined
      ? undefined
      : { key_hash: once.keyHash, request_hash: once.requestHash, before_seq: before.seq };
  const events = kind.toEvents(changes, before.state, metadata, marker);
  if (events.length > 0) limits.admitChange(address, events);
  for (const event of events) {
    const appended = await store.append(address, event, seq, { trace, sealer: before.sealer });
    if (appended.kind === "conflict") return "conflict";
    onChange(event.type);
    seq = appended.seq;
    state = kind.stateAfter(event);
  }
  return { state, seq };
};
