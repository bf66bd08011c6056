import { z } from "zod";
import type { AgentState } from "./agent.ts";
import { jsonIn } from "../json/json-in.ts";
import type { AgentAddress } from "../streams/subjects.ts";
import { methodTypeSchema, subscriptionSchema } from "./subscription.ts";

/**
 * The part of a message on SUBSCRIPTIONS that readers need: the resulting state. Ignores the rest, so that
 * messages of earlier and later versions can be read.
 */
const agentMessageSchema = z.looseObject({
  occurred_at: z.string(),
  version: z.int().positive().optional(),
  agent: z
    .looseObject({
      agent_display_name: z.string().optional(),
      event_subscriptions: z.array(
        z.object({
          ...subscriptionSchema.shape,
          headers: subscriptionSchema.shape.headers.default({}),
          method_type: methodTypeSchema.default("POST"),
        }),
      ),
      created_at: z.string().optional(),
      updated_at: z.string().optional(),
      version: z.int().positive().optional(),
    })
    .nullable(),
});

export type ReadAgentState =
  | { readonly kind: "state"; readonly state: AgentState }
  | { readonly kind: "invalid"; readonly message: string };

/** The resulting state in a message on an agent's subject, or the message's error. */
export const readAgentState = (address: AgentAddress, data: Uint8Array): ReadAgentState => {
  const value = jsonIn(data);
  if (value === undefined) return { kind: "invalid", message: "not JSON" };
  const parsed = agentMessageSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join(".")}: ${issue.message}`,
    );
    return { kind: "invalid", message: problems.join("; ") };
  }
  const { agent, occurred_at } = parsed.data;
  const version = parsed.data.version ?? agent?.version ?? 1;
  if (agent === null) return { kind: "state", state: { kind: "absent", version } };
  return {
    kind: "state",
    state: {
      kind: "registered",
      version,
      agent: {
        workspace_id: address.workspaceId,
        agent_id: address.agentId,
        agent_display_name: agent.agent_display_name ?? address.agentId,
        event_subscriptions: agent.event_subscriptions,
        created_at: agent.created_at ?? occurred_at,
        updated_at: agent.updated_at ?? occurred_at,
      },
    },
  };
};
