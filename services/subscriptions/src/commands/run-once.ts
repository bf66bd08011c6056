import type { CommandRecord, RequestRecord } from "@ringback/contracts/streams/request-record";
import { CLAIM_MS, decideClaim } from "../idempotency/decide/claim.ts";
import {
  handleCommand,
  resultAgain,
  type CommandDeps,
  type CommandResult,
  type CommandContext,
  type CommandTypes,
} from "./handle-command.ts";
import type { RequestKey } from "../idempotency/request-key.ts";
import type { RequestAddress, RequestStore } from "../idempotency/request-store.ts";

export type OnceDeps<T extends CommandTypes> = CommandDeps<T> & {
  readonly requests: RequestStore;
};

export type OnceResult<T extends CommandTypes> =
  | {
      readonly kind: "done";
      readonly result: CommandResult<T>;
      /** The command was carried out before: nothing was changed now. */
      readonly isRepeat: boolean;
    }
  | { readonly kind: "in_progress" }
  | { readonly kind: "reused" };

const MAX_TRIES = 3;
/** Before another process may take the claim over, with a margin for clocks that differ. */
const CLAIM_DEADLINE_MS = CLAIM_MS - 10_000;

type NewRecord = Omit<CommandRecord & { kind: "claimed" }, "kind" | "at">;

/**
 * Runs a command once for its key, across processes and crashes: it is claimed on REQUESTS, marked on the
 * change itself, then stored as decided. After a crash in between, a repeated request looks for the marker first.
 */
export const runOnce = async <T extends CommandTypes>(
  command: T["command"],
  context: CommandContext,
  key: RequestKey | undefined,
  deps: OnceDeps<T>,
): Promise<OnceResult<T>> => {
  const { kind } = deps;
  if (key === undefined) {
    const decided = await handleCommand(command, context, deps);
    const result = decided.kind === "decided" ? decided.result : decided;
    return { kind: "done", result, isRepeat: false };
  }
  const { workspaceId } = kind.addressOf(command);
  const at = { workspaceId, keyHash: key.keyHash };
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const last = await deps.requests.read(at);
    const decision = decideClaim(last?.record, key, deps.now().getTime());
    switch (decision.kind) {
      case "reused":
      case "in_progress":
        return decision;
      case "replay": {
        const { agent_id, before_seq: beforeSeq, seq } = decision.record;
        const same = kind.withId(command, agent_id);
        const result = await resultAgain<T>(same, context, { beforeSeq, seq }, deps);
        return { kind: "done", result, isRepeat: true };
      }
      case "carry_out": {
        const { earlier } = decision;
        const request = await requestOf(command, key, earlier, deps);
        const claim: RequestRecord = { kind: "claimed", ...request, at: deps.now().toISOString() };
        const claimed = await deps.requests.append(at, claim, last?.seq ?? 0);
        if (claimed.kind === "conflict") break; // another process was first: read its claim
        const claimedAfterSeq = earlier === undefined ? undefined : request.after_seq;
        const deadlineMs = Date.parse(claim.at) + CLAIM_DEADLINE_MS;
        const { keyHash, requestHash } = key;
        const once = { keyHash, requestHash, claimedAfterSeq, deadlineMs };
        const same = kind.withId(command, request.agent_id);
        return carryOut(same, { ...context, once }, { at, request, seq: claimed.seq }, deps);
      }
      default:
        return decision satisfies never;
    }
  }
  return { kind: "in_progress" };
};

const requestOf = async <T extends CommandTypes>(
  command: T["command"],
  { requestHash: request_hash }: RequestKey,
  earlier: CommandRecord | undefined,
  { store, kind }: OnceDeps<T>,
): Promise<NewRecord> => {
  if (earlier !== undefined) {
    const { agent_id, after_seq } = earlier;
    return { request_hash, agent_id, after_seq };
  }
  const { seq: after_seq } = await store.read(kind.addressOf(command));
  return { request_hash, agent_id: kind.idOf(command), after_seq };
};

type Claim = {
  readonly at: RequestAddress;
  readonly request: NewRecord;
  readonly seq: number;
};

const carryOut = async <T extends CommandTypes>(
  command: T["command"],
  context: CommandContext,
  { at, request, seq: claimSeq }: Claim,
  deps: OnceDeps<T>,
): Promise<OnceResult<T>> => {
  const release = async (): Promise<void> => {
    await deps.requests.append(at, { kind: "released", ...request }, claimSeq);
  };
  const decided = await handleCommand(command, context, deps).catch((error: unknown) => {
    // Best effort: without it, the same request waits until the claim expires.
    release().catch(() => undefined);
    throw error;
  });
  if (decided.kind === "conflict") {
    await release();
    return { kind: "done", result: decided, isRepeat: false };
  }
  const { result, beforeSeq: before_seq, seq, isRepeat } = decided;
  const record: RequestRecord = { kind: "decided", ...request, before_seq, seq };
  // Throws when this cannot be stored: a repeated request gets the same result. A conflict means that another
  // process took the claim over, found the marker and stored the same.
  await deps.requests.append(at, record, claimSeq);
  return { kind: "done", result, isRepeat };
};
