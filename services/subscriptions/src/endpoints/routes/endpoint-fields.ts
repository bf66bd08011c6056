import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { deliveryPolicySchema, policyToStore } from "@ringback/contracts/agents/delivery-policy";
import { methodTypeSchema } from "@ringback/contracts/agents/subscription";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { ALL } from "@ringback/contracts/endpoints/endpoint";
import { orderSchema } from "@ringback/contracts/agents/delivery-order";
import type { EndpointSettings } from "@ringback/contracts/endpoints/endpoint-event";
import { ENDPOINT_UID_RULE, isEndpointUid } from "@ringback/contracts/endpoints/endpoint-id";
import {
  EVENT_TYPE_PATTERN_RULE,
  isEventTypePattern,
} from "@ringback/contracts/endpoints/event-type-pattern";
import { filterSchema } from "@ringback/contracts/filters/filter-schema";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import {
  callbackUrlSchema,
  changedHeadersSchema,
  headersSchema,
} from "../../commands/routes/delivery-fields.ts";
import { listOf } from "../../http/field-schemas.ts";
import type { WholeSettings } from "../decide/differing-settings.ts";
import { CHANGE_EXAMPLES, CREATE_EXAMPLES, PUT_EXAMPLES } from "./endpoint-examples.ts";

const MAX_AGENTS = 200;
const MAX_EVENT_TYPES = 50;
const MAX_DESCRIPTION = 200;
const METADATA = { pairs: 20, nameCharacters: 64, valueCharacters: 500 };

const uidSchema = z
  .string()
  .refine(isEndpointUid, ENDPOINT_UID_RULE)
  .meta({ description: "Your own id of it, which never changes", examples: ["crm"] });

type Context = Pick<z.core.$RefinementCtx, "addIssue">;

const refuseRepeated = (list: readonly string[], context: Context): void => {
  for (const [n, one] of list.entries()) {
    if (list.indexOf(one) === n) continue;
    context.addIssue({ code: "custom", message: `names ${one} again`, path: [n] });
  }
};

const refuseForeignAgents = (agents: readonly string[], context: Context): void => {
  for (const [n, one] of agents.entries()) {
    const message =
      one === WORKSPACE_AGENT
        ? `'${WORKSPACE_AGENT}' is the workspace's own: name its event types in event_types`
        : one === ALL && agents.length > 1
          ? `'${ALL}' stands for every agent: it stands alone`
          : undefined;
    if (message !== undefined) context.addIssue({ code: "custom", message, path: [n] });
  }
  refuseRepeated(agents, context);
};

const agentsSchema = listOf(
  z.array(z.union([z.literal(ALL), idSchema], { error: idOrAll })).min(1),
  MAX_AGENTS,
  "agents",
)
  .superRefine(refuseForeignAgents)
  .meta({ description: `\`["${ALL}"]\`, or ids of agents`, examples: [["agent-7"]] });

function idOrAll(): string {
  return `must be ${ALL}, or 1 to 128 characters of A-Z, a-z, 0-9, _ and -`;
}

const eventTypesSchema = listOf(
  z.array(z.string().refine(isEventTypePattern, EVENT_TYPE_PATTERN_RULE)).min(1),
  MAX_EVENT_TYPES,
  "event types",
)
  .superRefine(refuseRepeated)
  .meta({
    description:
      "Names, `*`, or a name's beginning or end with one `*`, which stands for later types, too. `delivery_exhausted` has to be named",
    examples: [["*_completed"]],
  });

const descriptionSchema = z
  .string()
  .min(1)
  .max(MAX_DESCRIPTION)
  .meta({ examples: ["CRM, production"] });

const metadataSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(METADATA.nameCharacters, `a name has at most ${METADATA.nameCharacters} characters`),
    z.string().max(METADATA.valueCharacters),
  )
  .refine((pairs) => Object.keys(pairs).length <= METADATA.pairs, {
    error: `must have at most ${METADATA.pairs} pairs`,
  })
  .meta({ description: "For your own use: never sent", examples: [{ team: "support" }] });

const ORDER = { description: "Without it, events of a call are sent in no order" };
const DELIVERY = { description: "Where it differs from the operator's settings" };

const wholeFields = (policy: CallbackUrlPolicy) => ({
  uid: uidSchema.optional(),
  url: callbackUrlSchema(policy),
  method_type: methodTypeSchema.default("POST"),
  headers: headersSchema,
  delivery: deliveryPolicySchema.optional().meta(DELIVERY),
  description: descriptionSchema.optional(),
  metadata: metadataSchema.optional(),
  agents: agentsSchema.prefault([ALL]),
  event_types: eventTypesSchema.prefault([ALL]),
  filter: filterSchema.optional(),
  order: orderSchema.optional().meta(ORDER),
});

/** The body of `POST /endpoints`. */
export const createEndpointSchema = (policy: CallbackUrlPolicy) =>
  z.strictObject(wholeFields(policy)).meta({ "x-examples": CREATE_EXAMPLES });

/** The body of `PUT /endpoints/{endpoint_id}`. */
export const putEndpointSchema = (policy: CallbackUrlPolicy) =>
  z.strictObject(wholeFields(policy)).meta({ "x-examples": PUT_EXAMPLES });

/** The body of `PATCH /endpoints/{endpoint_id}`: null takes a field away. */
export const changeEndpointSchema = (policy: CallbackUrlPolicy) =>
  z
    .strictObject({
      uid: uidSchema.optional(),
      url: callbackUrlSchema(policy).optional(),
      method_type: methodTypeSchema.optional(),
      headers: changedHeadersSchema.optional(),
      delivery: deliveryPolicySchema.nullable().optional().meta(DELIVERY),
      description: descriptionSchema.nullable().optional(),
      metadata: metadataSchema.nullable().optional(),
      agents: agentsSchema.optional(),
      event_types: eventTypesSchema.optional(),
      filter: filterSchema.nullable().optional(),
      order: orderSchema.nullable().optional().meta(ORDER),
    })
    .meta({ "x-examples": CHANGE_EXAMPLES });

type WholeRequest = z.output<ReturnType<typeof createEndpointSchema>>;
type ChangeRequest = z.output<ReturnType<typeof changeEndpointSchema>>;

/** All settings of a request, as they are stored. */
export const wholeSettingsOf = ({
  uid: _uid,
  delivery,
  filter,
  ...rest
}: WholeRequest): WholeSettings => {
  const policy = policyToStore(delivery);
  return {
    ...rest,
    ...(policy !== undefined && { delivery: policy }),
    ...(filter !== undefined && { filter: filter.json }),
  };
};

/** The settings that a request names, as they are stored. */
export const settingsOf = ({
  uid: _uid,
  delivery,
  filter,
  ...rest
}: ChangeRequest): EndpointSettings => ({
  ...rest,
  ...(delivery !== undefined && { delivery: policyToStore(delivery ?? undefined) ?? null }),
  ...(filter !== undefined && { filter: filter?.json ?? null }),
});
