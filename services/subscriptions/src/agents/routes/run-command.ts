import type { FastifyReply, FastifyRequest } from "fastify";
import { RefusedError } from "../../http/refused-error.ts";
import { runRequest } from "../../commands/routes/run-request.ts";
import type { AgentCommandDeps, AppliedAgentCommand } from "../agent-commands.ts";
import type { Command } from "../decide/edit.ts";
import { commandProblem } from "./command-problem.ts";

/** `isRepeat`: a new secret is not shown a second time. */
export type RanCommand = AppliedAgentCommand & { readonly isRepeat: boolean };

/**
 * Runs a request's command, under its `If-Match` and once for its `Idempotency-Key`. Throws a RefusedError where it
 * is not carried out.
 */
export const runCommand = async (
  request: FastifyRequest,
  reply: Pick<FastifyReply, "header">,
  command: Command,
  deps: AgentCommandDeps,
): Promise<RanCommand> => {
  const { result, isRepeat } = await runRequest(request, reply, command, deps);
  if (result.kind === "accepted") return { ...result, isRepeat };
  throw new RefusedError(commandProblem(command.agent.agent_id, result));
};
