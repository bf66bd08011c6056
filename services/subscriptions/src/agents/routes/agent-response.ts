import type { Agent } from "@ringback/contracts/agents/agent";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { SUBSCRIPTION_SETTINGS, subscriptionSchema } from "@ringback/contracts/agents/subscription";
import { redactedSigningKeySchema } from "@ringback/contracts/secrets/signing-key";
import {
  redactedSubscription,
  redactedUrl,
} from "@ringback/contracts/secrets/subscription-secrets";
import { z } from "zod";
import type { EditEffects, NamedSubscription } from "../decide/edit-subscriptions.ts";
import type { Caller } from "../../http/auth/credential.ts";

/** A subscription, as responses show it: of signing keys all but the secret. */
export const redactedSubscriptionSchema = subscriptionSchema
  .extend({
    headers: subscriptionSchema.shape.headers.meta({
      description: "Sent with every request; values are `<redacted>` for keys without `write`",
    }),
    delivery: subscriptionSchema.shape.delivery.meta({
      description: "What was set for this subscription alone; for the rest the operator's settings",
    }),
    order: subscriptionSchema.shape.order.meta({
      description: "How it keeps the order of a call's events; missing: it keeps none",
    }),
    signing: z.array(redactedSigningKeySchema).optional().meta({
      description: "The keys that sign its requests, newest first, without their secrets",
    }),
  })
  .meta({ id: "Subscription", description: "One agent's events of one type go to this URL." });

const timeSchema = (description: string) =>
  z.string().meta({ description, format: "date-time", examples: ["2026-01-31T09:30:00.000Z"] });

/** An agent, as responses show it. Fields that are not named here never leave the service. */
export const agentResponseSchema = z
  .object({
    agent_id: z.string().meta({ examples: ["agent-7"] }),
    agent_display_name: z.string().meta({ examples: ["Reminder calls"] }),
    event_subscriptions: z.array(redactedSubscriptionSchema),
    created_at: timeSchema("When it was registered"),
    updated_at: timeSchema("When it was changed last"),
    version: z.int().meta({ description: "Counts the changes of this agent", examples: [7] }),
  })
  .meta({ id: "Agent", description: "The agent as it now is." });

export type AgentResponse = z.infer<typeof agentResponseSchema>;

const namedSubscriptionSchema = z
  .object({ event_type: eventTypeSchema, callback_url: z.string() })
  .meta({ id: "NamedSubscription", description: "Which subscription, and where it sends." });

const replacedSubscriptionSchema = namedSubscriptionSchema
  .extend({
    changed: z
      .array(z.enum(SUBSCRIPTION_SETTINGS))
      .meta({ description: "The settings that are others now", examples: [["callback_url"]] }),
  })
  .meta({ id: "ReplacedSubscription", description: "A subscription as it was before the change." });

export const UPDATED = "Agent updated successfully!" as const;

const namedListSchema = (description: string) =>
  z.array(namedSubscriptionSchema).optional().meta({ description });

/** The agent as it now is, and what a change did with each of its subscriptions. */
export const patchResponseSchema = agentResponseSchema
  .extend({
    message: z.literal(UPDATED).meta({ description: "For programs written for Ringg's API" }),
    added: namedListSchema("Of an edit: subscriptions of types that had none"),
    replaced: z
      .array(replacedSubscriptionSchema)
      .optional()
      .meta({ description: "Of an edit: subscriptions with another setting, as they were before" }),
    unchanged: namedListSchema("Of an edit: named in the request, and the same as before"),
    kept: namedListSchema("Of an edit or a removal: not named in the request"),
    removed: namedListSchema("Of an edit in mode `replace`, or of a removal"),
    warnings: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Of an edit: what was done, and may not be what was meant" }),
    signing_secret: z.string().optional().meta({
      description:
        "Of `rotate_signing_secret` with `v1`, and of an edit that made the agent's first secret: in this one response and never again",
    }),
    signing_public_key: z
      .string()
      .optional()
      .meta({ description: "Of `rotate_signing_secret` with `v1a`" }),
  })
  .meta({
    id: "ChangedAgent",
    description: "The agent as it now is, and what the change did with each subscription.",
  });

export const agentListResponseSchema = z
  .object({
    agents: z.array(
      z.object({
        agent_id: z.string(),
        agent_display_name: z.string(),
        event_types: z
          .array(eventTypeSchema)
          .meta({ description: "The types that it has subscriptions for" }),
        updated_at: timeSchema("When it was changed last"),
      }),
    ),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: "Send it as `cursor` for the next page; null: this was the last" }),
  })
  .meta({ id: "AgentList", description: "One page of the workspace's agents." });

/** What a change did with each subscription; queries of URLs may be secret. */
export const effectsResponse = (
  effects: EditEffects,
  seesSecrets: boolean,
): Pick<z.infer<typeof patchResponseSchema>, (typeof EFFECTS)[number]> =>
  Object.fromEntries(
    EFFECTS.map((name) => [name, effects[name].map((one) => withRedactedUrl(one, seesSecrets))]),
  );

const EFFECTS = ["added", "replaced", "unchanged", "kept", "removed"] as const;

const withRedactedUrl = (one: NamedSubscription, seesSecrets: boolean): NamedSubscription => ({
  ...one,
  callback_url: redactedUrl(one.callback_url, seesSecrets),
});

/** An agent for a caller: callers who may set secrets see them, others see `<redacted>`. */
export const agentResponse = (
  agent: Agent,
  version: number,
  { permissions }: Pick<Caller, "permissions">,
): AgentResponse => ({
  agent_id: agent.agent_id,
  agent_display_name: agent.agent_display_name,
  event_subscriptions: agent.event_subscriptions.map((subscription) =>
    redactedSubscription(subscription, permissions.has("secrets")),
  ),
  created_at: agent.created_at,
  updated_at: agent.updated_at,
  version,
});
