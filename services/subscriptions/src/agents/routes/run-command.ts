import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf } from "../../http/auth/caller.ts";
import { quoted } from "../../http/decide/shown.ts";
import { RefusedError } from "../../http/refused-error.ts";
import { requestKeyIn } from "../../idempotency/request-key.ts";
import type { Command } from "../decide/edit.ts";
import { entityTagsIn } from "../decide/entity-tag.ts";
import type { Precondition } from "../decide/precondition.ts";
import type { AppliedCommand } from "../handle-command.ts";
import { runOnce, type OnceDeps } from "../run-once.ts";
import { commandProblem, ONCE_PROBLEMS } from "./command-problem.ts";

/** `isRepeat`: a new secret is not shown a second time. */
export type RanCommand = AppliedCommand & { readonly isRepeat: boolean };

/**
 * Runs a request's command, under its `If-Match` and once for its `Idempotency-Key`. Throws a RefusedError where it
 * is not carried out.
 */
export const runCommand = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: Command,
  deps: OnceDeps,
): Promise<RanCommand> => {
  const precondition = entityTagsOf("If-Match", request.headers["if-match"]);
  const read = requestKeyIn(request);
  if (read.kind === "rejected") throw new RefusedError(read);
  const context = { actor: callerOf(request).keyId, trace: request.span?.context, precondition };
  const ran = await runOnce(command, context, read.key, deps);
  if (ran.kind !== "done") throw new RefusedError(ONCE_PROBLEMS[ran.kind]);
  const { result, isRepeat } = ran;
  if (isRepeat) reply.header("idempotency-replayed", "true");
  if (result.kind === "accepted") return { ...result, isRepeat };
  throw new RefusedError(commandProblem(command.agent.agent_id, result));
};

/** The entity tags in a header, or undefined without it; throws a RefusedError for any other text. */
export const entityTagsOf = (
  name: "If-Match" | "If-None-Match",
  sent: string | undefined,
): Precondition | undefined => {
  if (sent === undefined) return undefined;
  const tags = entityTagsIn(sent);
  if (tags.kind !== "invalid") return tags;
  const detail = `${name} is ${quoted(sent)}: expected the ETag of an agent such as "3" with its quotes, a list of them, or *.`;
  throw new RefusedError({ code: "bad_request", detail });
};
