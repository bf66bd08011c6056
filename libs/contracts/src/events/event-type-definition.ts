import { z } from "zod";
import { eventTypeSchema } from "./event-types.ts";
import { jsonIn } from "../json/json-in.ts";

/** The largest size of a definition's schema and example together, in bytes of JSON. */
export const MAX_DEFINITION_BYTES = 32 * 1024;

/** The most event types that a workspace may add. */
export const MAX_EVENT_TYPES = 100;

/** An event type that a workspace added. */
const eventTypeDefinitionSchema = z.object({
  event_type: eventTypeSchema,
  description: z.string().optional(),
  /** JSON Schema 2020-12 of a payload: for documents and warnings, never a reason to refuse an event. */
  schema: z.record(z.string(), z.unknown()).optional(),
  example: z.record(z.string(), z.unknown()).optional(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

export type EventTypeDefinition = z.infer<typeof eventTypeDefinitionSchema>;

/** A message on an event type's subject of SUBSCRIPTIONS: its new definition. */
export const eventTypeMessageSchema = z.looseObject({
  occurred_at: z.iso.datetime(),
  /** The id of the API key. */
  actor: z.string().optional(),
  /** null: deleted. */
  definition: eventTypeDefinitionSchema.nullable(),
});

export type EventTypeMessage = z.infer<typeof eventTypeMessageSchema>;

export type ReadDefinition =
  | { readonly kind: "defined"; readonly definition: EventTypeDefinition }
  | { readonly kind: "deleted" }
  | { readonly kind: "invalid"; readonly message: string };

export const readDefinition = (data: Uint8Array): ReadDefinition => {
  const value = jsonIn(data);
  if (value === undefined) return { kind: "invalid", message: "not JSON" };
  const parsed = eventTypeMessageSchema.safeParse(value);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    return { kind: "invalid", message: `${first?.path.join(".")}: ${first?.message}` };
  }
  const { definition } = parsed.data;
  return definition === null ? { kind: "deleted" } : { kind: "defined", definition };
};
