import type { Agent } from "@ringback/contracts/agent";
import { eventTypeSchema } from "@ringback/contracts/event-types";
import { subscriptionSchema } from "@ringback/contracts/subscription";
import { shownSigningKeySchema, type SigningKey } from "@ringback/contracts/signing-key";
import { shownSubscription, shownUrl } from "@ringback/contracts/subscription-secrets";
import { z } from "zod";
import type { Caller } from "./api-keys.ts";
import { problemSchema } from "./problem.ts";

/** A subscription, as answers show it: of signing keys all but the secret. */
export const shownSubscriptionSchema = subscriptionSchema.extend({
  signing: z.array(shownSigningKeySchema).optional(),
});

/** An agent, as answers show it. Fields that are not named here never leave the service. */
export const agentAnswerSchema = z.object({
  agent_id: z.string(),
  agent_display_name: z.string(),
  event_subscriptions: z.array(shownSubscriptionSchema),
  created_at: z.string(),
  updated_at: z.string(),
  /** Counts the changes of this agent. */
  version: z.int(),
});

export type AgentAnswer = z.infer<typeof agentAnswerSchema>;

const formerSubscriptionSchema = z.object({
  event_type: eventTypeSchema,
  callback_url: z.string(),
});

/** The agent as it now is, and for an edit the subscriptions that it took the place of. */
export const patchAnswerSchema = agentAnswerSchema.extend({
  replaced: z.array(formerSubscriptionSchema).optional(),
  removed: z.array(formerSubscriptionSchema).optional(),
  /** Of `rotate_signing_secret`, in this one answer and never again. */
  signing_secret: z.string().optional(),
  signing_public_key: z.string().optional(),
});

export const listAnswerSchema = z.object({
  agents: z.array(
    z.object({
      agent_id: z.string(),
      agent_display_name: z.string(),
      event_types: z.array(eventTypeSchema),
      updated_at: z.string(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

/** What every call answers when it is not carried out. */
export const problemAnswers = { "4xx": problemSchema, "5xx": problemSchema } as const;

/** A subscription that was there, for a caller who may see secrets. */
export const shownFormer = ({
  event_type,
  callback_url,
}: z.infer<typeof formerSubscriptionSchema>) => ({
  event_type,
  callback_url: shownUrl(callback_url, true),
});

/** What the caller of a rotation gets to verify with; a private key is shown to nobody. */
export const newKeyAnswer = (key: SigningKey) =>
  key.scheme === "v1" ? { signing_secret: key.secret } : { signing_public_key: key.public_key };

/** An agent for a caller: who may set secrets reads them back, others see `<redacted>`. */
export const agentAnswer = (
  agent: Agent,
  version: number,
  { scopes }: Pick<Caller, "scopes">,
): AgentAnswer => ({
  agent_id: agent.agent_id,
  agent_display_name: agent.agent_display_name,
  event_subscriptions: agent.event_subscriptions.map((subscription) =>
    shownSubscription(subscription, scopes.has("write")),
  ),
  created_at: agent.created_at,
  updated_at: agent.updated_at,
  version,
});
