import type { EventTypePolicy } from "@ringback/contracts/events/event-check";
import { TYPE_MEANINGS } from "@ringback/contracts/events/event-meanings";
import type { EventTypeDefinition } from "@ringback/contracts/events/event-type-definition";
import { EVENT_TYPES, eventSchema } from "@ringback/contracts/events/event-types";
import { isWorkspaceEventType } from "@ringback/contracts/agents/workspace-agent";
import { z } from "zod";
import { sampleOf } from "../../http/openapi/event-samples.ts";

const entrySchema = z.object({
  event_type: z.string(),
  origin: z.enum(["built_in", "operator", "workspace"]).meta({
    description: "Who added it: `operator` by the setting EVENT_TYPES, `workspace` by PUT.",
  }),
  subscribers: z.enum(["agents", "workspace"]).meta({
    description: "`workspace`: Ringback's own, which only the agent `_workspace` subscribes.",
  }),
  description: z.string().optional(),
  schema: z.record(z.string(), z.unknown()).optional().meta({
    description:
      "JSON Schema (2020-12) of a payload: what readers may expect. It refuses no event unless the operator wants that.",
  }),
  example: z.record(z.string(), z.unknown()).optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
});

type Entry = z.infer<typeof entrySchema>;

/** A type that a workspace added. */
export const ownTypeResponseSchema = entrySchema.meta({ id: "EventType" });

export const eventCatalogueSchema = z.object({
  event_types: z.array(ownTypeResponseSchema),
  open: z.boolean().meta({ description: "Whether events of any other type are delivered too." }),
});

/** Every built-in event type with its schema and sample; made once. */
export const eventCatalogue = (): Entry[] =>
  EVENT_TYPES.map((event_type) => ({
    event_type,
    origin: "built_in",
    subscribers: isWorkspaceEventType(event_type) ? "workspace" : "agents",
    description: TYPE_MEANINGS[event_type],
    schema: z.record(z.string(), z.unknown()).parse(z.toJSONSchema(eventSchema(event_type))),
    example: sampleOf(event_type),
  }));

/** The types that the operator added, without those that the workspace defines itself. */
export const operatorsTypes = (
  policy: EventTypePolicy,
  own: readonly EventTypeDefinition[],
): Entry[] => {
  if (policy.kind === "open") return [];
  const said = new Set(own.map(({ event_type }) => event_type));
  return [...policy.added]
    .filter((type) => !said.has(type))
    .toSorted()
    .map((event_type) => ({ event_type, origin: "operator", subscribers: "agents" }));
};

export const ownTypeResponse = (definition: EventTypeDefinition): Entry => ({
  ...definition,
  origin: "workspace",
  subscribers: "agents",
});
