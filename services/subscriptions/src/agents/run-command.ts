import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf } from "../http/auth/caller.ts";
import { commandProblem } from "./routes/command-problem.ts";
import type { Command } from "./decide/edit.ts";
import { entityTagsIn } from "./decide/entity-tag.ts";
import { handleCommand, type CommandResult, type Handled, type Wish } from "./handle-command.ts";
import { handleOnce, type HandledOnce, type OnceDeps } from "./run-once.ts";
import { shownText, type Problem } from "../http/problem.ts";
import { requestKeyIn } from "../idempotency/request-key.ts";

export type RanCommand =
  /** `isRepeat`: for what is shown once only, this is not the time. */
  | { readonly kind: "handled"; readonly handled: Handled; readonly isRepeat: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

/**
 * Carries out what a request asks for, under its `If-Match` and once for its `Idempotency-Key`. What is
 * answered again says so in a header.
 */
export const runCommand = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: Command,
  deps: OnceDeps,
): Promise<RanCommand> => {
  const wish = wishOf(request);
  if (wish.kind === "problem") return wish;
  const handled = await handledFor(request, command, wish.wish, deps);
  if (handled.kind === "problem") return handled;
  const { result, isRepeat } = handled;
  if (isRepeat) reply.header("idempotency-replayed", "true");
  if (result.kind === "accepted") return { kind: "handled", handled: result, isRepeat };
  return problem(commandProblem(command.agent.agent_id, result));
};

const problem = (what: Problem): { kind: "problem"; problem: Problem } => ({
  kind: "problem",
  problem: what,
});

const wishOf = (request: FastifyRequest) => {
  const by = { actor: callerOf(request).keyId, trace: request.span?.context };
  const value = request.headers["if-match"];
  if (value === undefined) return { kind: "wish", wish: by satisfies Wish } as const;
  const precondition = entityTagsIn(value);
  if (precondition.kind !== "invalid") {
    return { kind: "wish", wish: { ...by, precondition } satisfies Wish } as const;
  }
  const detail = `If-Match is ${shownText(value)}: expected the ETag of an agent such as "3" with its quotes, a list of them, or *.`;
  return problem({ code: "bad_request", detail });
};

type Answer = {
  readonly kind: "answer";
  readonly result: CommandResult;
  readonly isRepeat: boolean;
};

const handledFor = async (
  request: FastifyRequest,
  command: Command,
  wish: Wish,
  deps: OnceDeps,
): Promise<Answer | { kind: "problem"; problem: Problem }> => {
  const read = requestKeyIn(request);
  if (read.kind === "problem") return read;
  const { key } = read;
  if (key === undefined) {
    const decided = await handleCommand(command, wish, deps);
    const result = decided.kind === "decided" ? decided.result : decided;
    return { kind: "answer", result, isRepeat: false };
  }
  const handled = await handleOnce(command, wish, key, deps);
  return handled.kind === "answer" ? handled : problem(onceProblem(handled));
};

const onceProblem = ({ kind }: Exclude<HandledOnce, Answer>): Problem => {
  switch (kind) {
    case "in_progress": {
      const detail = "A request with this Idempotency-Key is under way: ask again for its answer.";
      return { code: "request_in_progress", detail };
    }
    case "reused": {
      const detail =
        "This Idempotency-Key was used for another request in the last 24 hours: take a new key for a new request.";
      return { code: "idempotency_key_reused", detail };
    }
    default:
      return kind satisfies never;
  }
};
