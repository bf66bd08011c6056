import type { ConfigurationChange } from "@ringback/contracts/agents/agent";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import {
  redactedSigningKey,
  redactedSigningKeySchema,
} from "@ringback/contracts/secrets/signing-key";
import { redactedSubscription } from "@ringback/contracts/secrets/subscription-secrets";
import { z } from "zod";
import { redactedSubscriptionSchema } from "./agent-response.ts";
import type { Caller } from "../../http/auth/credential.ts";
import type { AgentHistoryEntry } from "../agent-commands.ts";

/** One change of an agent, as responses show it; secrets as in `GET /agent/v1/{agent_id}`. */
const changeSchema = z.object({
  version: z.int().meta({ description: "The agent's version that the change led to." }),
  type: z.string().meta({ description: "Such as `event_subscriptions_edited`." }),
  at: z.string(),
  actor: z.string().nullable().meta({
    description: "The id of the API key, or the service itself.",
  }),
  agent_display_name: z.string().optional(),
  set: z.array(redactedSubscriptionSchema).optional().meta({
    description: "Subscriptions that were set: each replaced the one before.",
  }),
  removed: z.array(eventTypeSchema).optional(),
  signing: z
    .array(z.object({ event_type: eventTypeSchema, key: redactedSigningKeySchema }))
    .optional()
    .meta({ description: "New signing keys, without their secrets." }),
  former_expire_at: z.string().optional(),
});

export const historyResponseSchema = z.object({
  changes: z.array(changeSchema),
  next_cursor: z.string().nullable(),
});

type ChangeResponse = z.infer<typeof changeSchema>;

/** A change for a caller: callers who may set secrets also see the secrets of the past. */
export const changeResponse = (
  entry: AgentHistoryEntry,
  caller: Pick<Caller, "permissions">,
): ChangeResponse => ({
  version: entry.version,
  type: entry.type,
  at: entry.occurredAt,
  actor: entry.actor ?? null,
  ...(entry.change === undefined ? {} : detailsOf(entry.change, caller.permissions.has("secrets"))),
});

const detailsOf = (
  { type, change }: ConfigurationChange,
  maySeeSecrets: boolean,
): Partial<ChangeResponse> => {
  switch (type) {
    case "agent_registered":
    case "agent_renamed":
      return { agent_display_name: change.agent_display_name };
    case "event_subscriptions_edited": {
      const set = change.set.map((one) => redactedSubscription(one, maySeeSecrets));
      return { set, removed: change.removed };
    }
    case "event_subscriptions_removed":
      return { removed: change.removed };
    case "signing_secret_rotated": {
      const signing = change.set.map(({ event_type, key }) => ({
        event_type,
        key: redactedSigningKey(key),
      }));
      return { signing, former_expire_at: change.former_expire_at };
    }
    case "signing_secret_removed":
      return { removed: change.event_types };
    case "agent_deregistered":
    case "secrets_reencrypted":
      return {};
    default:
      return type satisfies never;
  }
};
