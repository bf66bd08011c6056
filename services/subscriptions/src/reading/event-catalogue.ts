import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EVENT_TYPES, eventSchema, type EventType } from "@ringback/contracts/event-types";
import { z } from "zod";

const entrySchema = z.object({
  event_type: z.string(),
  schema: z.record(z.string(), z.unknown()).meta({
    description:
      "JSON Schema (2020-12) of a payload: what readers may expect; nothing of it is checked.",
  }),
  example: z.record(z.string(), z.unknown()),
});

export const eventCatalogueSchema = z.object({ event_types: z.array(entrySchema) });

/** Every event type, with what is known of it; made once. */
export const eventCatalogue = (): z.infer<typeof entrySchema>[] =>
  EVENT_TYPES.map((event_type) => ({
    event_type,
    schema: z.record(z.string(), z.unknown()).parse(z.toJSONSchema(eventSchema(event_type))),
    example: exampleOf(event_type),
  }));

const require = createRequire(import.meta.url);

/** The samples are files, as people and other programs use them too. */
const exampleOf = (eventType: EventType): Record<string, unknown> => {
  const file = require.resolve(`@ringback/contracts/examples/${eventType}.json`);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, "utf8")));
};
