import { z } from "zod";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { didYouMean } from "./did-you-mean.ts";
import { pages } from "./pages.ts";
import { ApiError } from "./problem.ts";

type Caller = Pick<CommandContext, "client" | "interrupted">;

const listedSchema = z.looseObject({
  agent_id: z.string(),
  agent_display_name: z.string(),
  event_types: z.array(z.string()),
});

export type ListedAgent = z.infer<typeof listedSchema>;

/** The workspace's agents, by id. */
export const listedAgents = ({ client, interrupted }: Caller): AsyncGenerator<ListedAgent> =>
  pages(client, {
    path: "/assistant",
    items: "agents",
    schema: listedSchema,
    limit: Infinity,
    signal: interrupted,
  });

const subscriptionSchema = z.looseObject({
  event_type: z.string(),
  callback_url: z.string(),
  method_type: z.string(),
  headers: z.record(z.string(), z.string()),
  delivery: z
    .looseObject({ timeout: z.string().optional(), success_status: z.string().optional() })
    .optional(),
  signing: z
    .array(z.looseObject({ scheme: z.string(), expires_at: z.string().optional() }))
    .optional(),
});

/** A subscription as this key may read it. */
export type ReadSubscription = z.infer<typeof subscriptionSchema>;

export const agentSchema = z.looseObject({
  agent_id: z.string(),
  agent_display_name: z.string(),
  event_subscriptions: z.array(subscriptionSchema),
});

export const agentPath = (agentId: string): string => `/agent/v1/${encodeURIComponent(agentId)}`;

/** An agent with its subscriptions; throws where there is none. */
export const readAgent = ({ client, interrupted: signal }: Caller, agentId: string) =>
  client.call({ path: agentPath(agentId), signal }, agentSchema);

/** Runs what names an agent; where there is no such agent, the error names those that were probably meant. */
export const namingAgent = async <T>(
  caller: Caller,
  agentId: string,
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "agent_not_found") throw error;
    throw await unknownAgent(caller, agentId);
  }
};

/** For an agent that is not there. */
const unknownAgent = async (caller: Caller, agentId: string): Promise<CliError> => {
  const ids: string[] = [];
  for await (const { agent_id } of listedAgents(caller)) ids.push(agent_id);
  const hint = didYouMean(agentId, ids) || ": `ringback agents` lists those that there are";
  return new CliError(`there is no agent '${agentId}' in this workspace${hint}`);
};

/** Throws where there is no such agent: a list of its events is empty for a reason that is worth a word. */
export const checkAgent = async (caller: Caller, agentId: string | undefined): Promise<void> => {
  if (agentId === undefined) return;
  await namingAgent(caller, agentId, () => readAgent(caller, agentId));
};

/** The whole id of an agent whose beginning a table showed (`9f1c…`); any other text stays as it is. */
export const wholeAgentId = async (
  caller: Caller,
  agentId: string | undefined,
): Promise<string | undefined> => {
  const beginning = /^(.+?)(?:…|\.\.\.)$/.exec(agentId ?? "")?.[1];
  if (beginning === undefined) return agentId;
  const found: string[] = [];
  for await (const { agent_id } of listedAgents(caller)) {
    if (agent_id.startsWith(beginning)) found.push(agent_id);
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const which = found.length === 0 ? "no agent" : `${found.length} agents: ${found.join(", ")}`;
  throw new CliError(`'${agentId}' is the beginning of ${which}`);
};
