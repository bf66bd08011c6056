import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import {
  MAX_SIGNING_KEYS,
  redactedSigningKeySchema,
} from "@ringback/contracts/secrets/signing-key";
import { z } from "zod";
import {
  refuseOtherScheme,
  rotationFields,
  rotationOf,
} from "../../commands/routes/rotation-fields.ts";
import { listOf } from "../../http/field-schemas.ts";
import type { RemoveSigningSecret, RotateSigningSecret } from "../decide/signing.ts";

/** Of subscriptions and of event types in one request. */
export const MAX_SUBSCRIPTIONS = 50;

/** `signing` as responses show it: accepted and not used, so that a list can be sent back as it was read. */
export const signingAsReadSchema = listOf(
  z.array(redactedSigningKeySchema),
  MAX_SIGNING_KEYS,
  "keys",
).optional();

const eventTypes = listOf(z.array(eventTypeSchema).min(1), MAX_SUBSCRIPTIONS, "event types")
  .optional()
  .meta({ description: "Of the subscriptions for these; without it of all" });

/** The body of `rotate_signing_secret`. */
export const rotateSigningSecretSchema = z
  .strictObject({
    operation: z.literal("rotate_signing_secret"),
    agent_id: idSchema,
    event_types: eventTypes,
    ...rotationFields,
  })
  .superRefine(refuseOtherScheme);

/** The body of `remove_signing_secret`. */
export const removeSigningSecretSchema = z.strictObject({
  operation: z.literal("remove_signing_secret"),
  agent_id: idSchema,
  event_types: eventTypes,
});

type SigningRequest =
  z.output<typeof rotateSigningSecretSchema> | z.output<typeof removeSigningSecretSchema>;

/** The command of a request, with a new key where the request wants one. */
export const signingCommandOf = (
  body: SigningRequest,
  workspace_id: string,
  now: Date,
): RotateSigningSecret | RemoveSigningSecret => {
  const agent = { workspace_id, agent_id: body.agent_id };
  const { event_types = "all" } = body;
  if (body.operation === "remove_signing_secret") {
    return { kind: body.operation, agent, event_types };
  }
  return { kind: body.operation, agent, event_types, ...rotationOf(body, now) };
};
