import { idSchema } from "@ringback/contracts/id";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { z } from "zod";

const MAX_NAME_CHARACTERS = 256;

/** The body of `POST /agent/v1`. */
export const registerAgentSchema = z
  .strictObject({
    agent_id: idSchema
      .refine((id) => id !== WORKSPACE_AGENT, `'${WORKSPACE_AGENT}' is the workspace's own`)
      .optional()
      .meta({ description: "Without it the agent gets one" }),
    agent_display_name: z.string().min(1).max(MAX_NAME_CHARACTERS),
  })
  .meta({ examples: [{ agent_id: "agent-7", agent_display_name: "Reminder calls" }] });
