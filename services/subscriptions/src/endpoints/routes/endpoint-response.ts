import { subscriptionSchema } from "@ringback/contracts/agents/subscription";
import {
  ENDPOINT_STATES,
  endpointSchema,
  stateNameOf,
  subscriptionOf,
  type Endpoint,
} from "@ringback/contracts/endpoints/endpoint";
import { parseExact } from "@ringback/contracts/json/exact-json";
import { redactedSigningKeySchema } from "@ringback/contracts/secrets/signing-key";
import { redactedSubscription } from "@ringback/contracts/secrets/subscription-secrets";
import { z } from "zod";
import type { Caller } from "../../http/auth/credential.ts";
import type { EndpointRow } from "../endpoint-list.ts";

const timeSchema = (description: string) =>
  z.string().meta({ description, format: "date-time", examples: ["2026-01-31T09:30:00.000Z"] });

const { shape } = endpointSchema;

const named = {
  endpoint_id: z.string().meta({ examples: ["ep_4q2f7xk3mzt5b6ya"] }),
  uid: shape.uid.meta({ description: "The customer's own id of it" }),
};

const state = {
  state: z.enum(ENDPOINT_STATES).meta({
    description: "`healthy` while it is on; `paused` and `disabled` by a person",
  }),
  state_since: timeSchema("When it came into this state"),
};

const times = {
  version: z.int().meta({ description: "Counts the changes of this endpoint", examples: [7] }),
  created_at: timeSchema("When it was created"),
  updated_at: timeSchema("When it was changed last"),
};

/** A filter, every digit as it was written. */
const filterResponseSchema = z.unknown().meta({
  description: "Which events, beyond agent and type",
  documentedAs: { type: "object", additionalProperties: true },
});

/** A stored filter as responses show it. */
export const filterResponse = (filter: string | undefined) =>
  filter === undefined ? {} : { filter: parseExact(filter) };

/** What a customer sets, as responses show it. */
export const settingsResponse = {
  url: z.string().meta({ description: "The query is `<redacted>` for keys without `write`" }),
  method_type: shape.method_type,
  headers: subscriptionSchema.shape.headers.meta({
    description: "Sent with every request; values are `<redacted>` for keys without `write`",
  }),
  delivery: shape.delivery.meta({
    description: "What was set for this endpoint alone; for the rest the operator's settings",
  }),
  description: shape.description,
  metadata: shape.metadata,
  agents: shape.agents,
  event_types: shape.event_types,
  filter: filterResponseSchema.optional(),
  order: shape.order,
};

/** An endpoint, as responses show it. Fields that are not named here never leave the service. */
export const endpointResponseSchema = z
  .object({
    ...named,
    ...settingsResponse,
    ...state,
    held_since: shape.held_since.meta({
      description: "Of one that is off and holds its events: those from then on are held",
    }),
    signing: z.array(redactedSigningKeySchema).optional().meta({
      description: "The keys that sign its requests, newest first, without their secrets",
    }),
    ...times,
  })
  .meta({ id: "Endpoint", description: "The endpoint as it now is." });

const newKey = {
  signing_secret: z.string().optional().meta({
    description: "A new secret of scheme `v1`: in this one response and never again",
  }),
  signing_public_key: z
    .string()
    .optional()
    .meta({ description: "Of a new secret of scheme `v1a`" }),
};

/** The same with a new key. */
export const endpointWithKeySchema = endpointResponseSchema
  .extend(newKey)
  .meta({ id: "EndpointWithKey", description: "The endpoint, and its new signing secret." });

/** An endpoint in a list. */
export const endpointRowSchema = z
  .object({
    ...named,
    url: z.string().meta({ description: "Without its query" }),
    description: shape.description,
    agents: shape.agents,
    event_types: shape.event_types,
    filter: filterResponseSchema.optional(),
    ...state,
    ...times,
  })
  .meta({ id: "ListedEndpoint" });

/** An endpoint for a caller: callers who may set secrets see them, others see `<redacted>`. */
export const endpointResponse = (
  endpoint: Endpoint,
  version: number,
  { permissions }: Pick<Caller, "permissions">,
): z.infer<typeof endpointResponseSchema> => {
  const shown = redactedSubscription(subscriptionOf(endpoint, ""), permissions.has("secrets"));
  const { workspace_id: _workspace, filter, while_off: _whileOff, ...rest } = endpoint;
  const { switch: _switch, switched_at: state_since, signing: _signing, ...set } = rest;
  return {
    ...set,
    ...filterResponse(filter),
    url: shown.callback_url,
    headers: shown.headers,
    state: stateNameOf(endpoint),
    state_since,
    ...(shown.signing && { signing: shown.signing }),
    version,
  };
};

/** A row of a list; it has no secret. */
export const rowResponse = (row: EndpointRow): z.infer<typeof endpointRowSchema> => {
  const { filter, switch: _switch, switched_at: state_since, ...rest } = row;
  return { ...rest, ...filterResponse(filter), state: stateNameOf(row), state_since };
};
