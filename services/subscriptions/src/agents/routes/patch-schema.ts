import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { countedList } from "@ringback/contracts/json/counted-list";
import { orderSchema } from "@ringback/contracts/agents/delivery-order";
import { deliveryPolicySchema } from "@ringback/contracts/agents/delivery-policy";
import { eventTypeSchema, type EventType } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import {
  isWorkspaceEventType,
  WORKSPACE_AGENT,
  WORKSPACE_EVENT_TYPES,
} from "@ringback/contracts/agents/workspace-agent";
import { methodTypeSchema } from "@ringback/contracts/agents/subscription";
import { z } from "zod";
import { callbackUrlSchema, headersSchema } from "../../commands/routes/delivery-fields.ts";
import { displayNameSchema, listOf } from "../../http/field-schemas.ts";
import { PATCH_EXAMPLES } from "./patch-examples.ts";
import {
  MAX_SUBSCRIPTIONS,
  removeSigningSecretSchema,
  rotateSigningSecretSchema,
  signingAsReadSchema,
} from "./signing-schema.ts";

const eventTypesSchema = z.union([eventTypeSchema, z.array(eventTypeSchema).min(1)], {
  error: "must be the name of an event type, or a list of them that is not empty",
});

/** An element with several event types counts as that many subscriptions. */
const tooManyNamed = (list: readonly unknown[]): string | undefined => {
  const { length } = list;
  if (length > MAX_SUBSCRIPTIONS) {
    return `holds ${length} subscriptions: at most ${MAX_SUBSCRIPTIONS}`;
  }
  const count = list.reduce<number>((sum, one) => sum + typesNamed(one), 0);
  if (count <= MAX_SUBSCRIPTIONS) return undefined;
  return `names ${count} subscriptions: at most ${MAX_SUBSCRIPTIONS}, each event type counted`;
};

const typesNamed = (one: unknown): number => {
  if (typeof one !== "object" || one === null || !("event_type" in one)) return 1;
  return Array.isArray(one.event_type) ? one.event_type.length : 1;
};

const subscriptionSchema = (policy: CallbackUrlPolicy) =>
  z.strictObject({
    event_type: eventTypesSchema,
    callback_url: callbackUrlSchema(policy),
    headers: headersSchema,
    method_type: methodTypeSchema.default("POST"),
    delivery: deliveryPolicySchema.optional().meta({
      description: "How it is delivered, where that differs from the operator's settings",
    }),
    order: orderSchema.optional().meta({
      description:
        "Whether an event waits for the earlier ones of its call; without it, they are sent in no order",
    }),
    signing: signingAsReadSchema.meta({
      description: "Accepted and not used, so that a list can be sent back as it was read",
    }),
  });

const editSchema = (policy: CallbackUrlPolicy) =>
  z
    .strictObject({
      operation: z.literal("edit_event_subscriptions"),
      agent_id: idSchema,
      event_subscriptions: countedList(
        z.array(subscriptionSchema(policy)).max(MAX_SUBSCRIPTIONS),
        tooManyNamed,
      ),
      mode: z.enum(["merge", "replace"]).default("merge").meta({
        description: "`merge`: types that are not named stay; `replace`: they are removed",
      }),
      on_conflict: z.enum(["overwrite", "error"]).default("overwrite").meta({
        description: "`error`: 409 instead of overwriting a subscription that is there",
      }),
    })
    .superRefine(
      ({ event_subscriptions, mode }, context) => {
        if (event_subscriptions?.length !== 0 || mode === "replace") return;
        const message = "must not be empty, except in mode replace";
        context.addIssue({ code: "custom", message, path: ["event_subscriptions"] });
      },
      { when: ({ value }) => typeof value === "object" && value !== null },
    )
    .superRefine(refuseForeignTypes);

const removeSchema = z.strictObject({
  operation: z.literal("remove_event_subscriptions"),
  agent_id: idSchema,
  event_types: listOf(z.array(eventTypeSchema), MAX_SUBSCRIPTIONS, "event types").refine(
    (list) => list.length > 0,
    { error: "must not be empty" },
  ),
});

const renameSchema = z.strictObject({
  operation: z.literal("rename_agent"),
  agent_id: idSchema,
  agent_display_name: displayNameSchema,
});

const OPERATIONS = [
  "edit_event_subscriptions",
  "remove_event_subscriptions",
  "rotate_signing_secret",
  "remove_signing_secret",
  "rename_agent",
];

/** The body of `PATCH /agent/v1`; the operator's policy says which URLs may be called. */
export const patchAgentSchema = (policy: CallbackUrlPolicy) =>
  z
    .discriminatedUnion(
      "operation",
      [
        editSchema(policy),
        removeSchema,
        rotateSigningSecretSchema,
        removeSigningSecretSchema,
        renameSchema,
      ],
      {
        error: ({ code }) =>
          code === "invalid_union" ? `must be one of ${OPERATIONS.join(", ")}` : undefined,
      },
    )
    .meta({ "x-examples": PATCH_EXAMPLES });

export type PatchRequest = z.output<ReturnType<typeof patchAgentSchema>>;

export type EditRequest = z.output<ReturnType<typeof editSchema>>;

type NamesTypes = {
  readonly agent_id: string;
  readonly event_subscriptions: readonly { readonly event_type: EventType | EventType[] }[];
};

/** Refuses event types of the workspace for any agent but `_workspace`, and event types of calls for that one. */
const refuseForeignTypes = (
  { agent_id, event_subscriptions }: NamesTypes,
  context: Pick<z.core.$RefinementCtx, "addIssue">,
): void => {
  const isOfWorkspace = agent_id === WORKSPACE_AGENT;
  const message = isOfWorkspace
    ? `may be ${WORKSPACE_EVENT_TYPES.join(", ")} for agent '${agent_id}'`
    : `is a type of the workspace: only agent '${WORKSPACE_AGENT}' subscribes it`;
  for (const [n, { event_type }] of event_subscriptions.entries()) {
    if ([event_type].flat().every((type) => isWorkspaceEventType(type) === isOfWorkspace)) continue;
    context.addIssue({ code: "custom", message, path: ["event_subscriptions", n, "event_type"] });
  }
};
