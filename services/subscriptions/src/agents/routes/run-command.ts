import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf } from "../../http/auth/caller.ts";
import { quoted, type Problem } from "../../http/problem.ts";
import { requestKeyIn } from "../../idempotency/request-key.ts";
import type { Command } from "../decide/edit.ts";
import { entityTagsIn } from "../decide/entity-tag.ts";
import type { AppliedCommand } from "../handle-command.ts";
import { runOnce, type OnceDeps } from "../run-once.ts";
import { commandProblem, ONCE_PROBLEMS } from "./command-problem.ts";

export type RanCommand =
  /** `isRepeat`: what is shown only once is not shown again. */
  | { readonly kind: "applied"; readonly applied: AppliedCommand; readonly isRepeat: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

/** Runs a request's command, under its `If-Match` and once for its `Idempotency-Key`. */
export const runCommand = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: Command,
  deps: OnceDeps,
): Promise<RanCommand> => {
  const ifMatch = request.headers["if-match"];
  const precondition = ifMatch === undefined ? undefined : entityTagsIn(ifMatch);
  if (precondition?.kind === "invalid") {
    const detail = `If-Match is ${quoted(ifMatch ?? "")}: expected the ETag of an agent such as "3" with its quotes, a list of them, or *.`;
    return problem({ code: "bad_request", detail });
  }
  const read = requestKeyIn(request);
  if (read.kind === "rejected") return problem(read);
  const context = { actor: callerOf(request).keyId, trace: request.span?.context, precondition };
  const ran = await runOnce(command, context, read.key, deps);
  if (ran.kind !== "done") return problem(ONCE_PROBLEMS[ran.kind]);
  const { result, isRepeat } = ran;
  if (isRepeat) reply.header("idempotency-replayed", "true");
  if (result.kind === "accepted") return { kind: "applied", applied: result, isRepeat };
  return problem(commandProblem(command.agent.agent_id, result));
};

const problem = (what: Problem): RanCommand => ({ kind: "problem", problem: what });
