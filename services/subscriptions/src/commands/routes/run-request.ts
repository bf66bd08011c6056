import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf } from "../../http/auth/caller.ts";
import { quoted } from "../../http/decide/shown.ts";
import type { Problem } from "../../http/problem.ts";
import { RefusedError } from "../../http/refused-error.ts";
import { KEY_REUSED, requestKeyIn } from "../../idempotency/request-key.ts";
import { entityTagsIn } from "../decide/entity-tag.ts";
import type { Precondition } from "../decide/precondition.ts";
import type { CommandResult, CommandTypes } from "../handle-command.ts";
import { runOnce, type OnceDeps, type OnceResult } from "../run-once.ts";

/** `isRepeat`: it was carried out before, so that a new secret is not shown a second time. */
export type RanRequest<T extends CommandTypes> = {
  readonly result: CommandResult<T>;
  readonly isRepeat: boolean;
};

/** Why a request with an `Idempotency-Key` was not run, for its caller. */
const ONCE_PROBLEMS: Readonly<Record<Exclude<OnceResult<CommandTypes>["kind"], "done">, Problem>> =
  {
    in_progress: {
      code: "request_in_progress",
      detail: "A request with this Idempotency-Key is under way: retry for its response.",
    },
    reused: KEY_REUSED,
  };

/**
 * Runs a request's command, under its `If-Match` and once for its `Idempotency-Key`. Throws a RefusedError where one of
 * these headers is not valid, or the key is in use.
 */
export const runRequest = async <T extends CommandTypes>(
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: T["command"],
  deps: OnceDeps<T>,
): Promise<RanRequest<T>> => {
  const precondition = entityTagsOf("If-Match", request.headers["if-match"]);
  const read = requestKeyIn(request);
  if (read.kind === "rejected") throw new RefusedError(read);
  const context = { actor: callerOf(request).actor, trace: request.span?.context, precondition };
  const ran = await runOnce(command, context, read.key, deps);
  if (ran.kind !== "done") throw new RefusedError(ONCE_PROBLEMS[ran.kind]);
  const { result, isRepeat } = ran;
  if (isRepeat) reply.header("idempotency-replayed", "true");
  return { result, isRepeat };
};

/** The entity tags in a header, or undefined without it; throws a RefusedError for any other text. */
export const entityTagsOf = (
  name: "If-Match" | "If-None-Match",
  sent: string | undefined,
): Precondition | undefined => {
  if (sent === undefined) return undefined;
  const tags = entityTagsIn(sent);
  if (tags.kind !== "invalid") return tags;
  const detail = `${name} is ${quoted(sent)}: expected an ETag such as "3" with its quotes, a list of them, or *.`;
  throw new RefusedError({ code: "bad_request", detail });
};
