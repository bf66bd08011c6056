import { eventId } from "@ringback/contracts/event";
import { z } from "zod";
import { problemSchema, type Problem } from "../problem.ts";
import type { StoredItem } from "./store-events.ts";

const itemSchema = z.object({
  event_id: z.string(),
  duplicate: z.boolean().meta({
    description: "True when it was stored before, by its message id: nothing was stored now.",
  }),
});

/** Every event of the request is stored. */
export const ingestAnswerSchema = z.object({
  events: z.array(itemSchema).meta({ description: "In the order of the request." }),
});

/** Some may be stored: `events` says which, in the order of the request. */
export const partialProblemSchema = problemSchema.extend({
  events: z.array(itemSchema.nullable()).optional().meta({
    description: "In the order of the request; null: not stored, or not known to be.",
  }),
});

export type Ingested =
  | { readonly kind: "all"; readonly answer: z.infer<typeof ingestAnswerSchema> }
  | {
      readonly kind: "partial";
      readonly problem: Problem;
      readonly events: z.infer<typeof partialProblemSchema>["events"];
    };

/** What a producer is told: that everything is stored, or what is and that the rest can be sent again. */
export const ingested = (items: readonly StoredItem[], eventsCreatedMs: number): Ingested => {
  const events = items.map((item) =>
    item.kind === "stored"
      ? { event_id: eventId(eventsCreatedMs, item.seq), duplicate: item.duplicate }
      : null,
  );
  const sure = events.filter((one) => one !== null);
  if (sure.length === events.length) return { kind: "all", answer: { events: sure } };
  const isFull = items.some(({ kind }) => kind === "full");
  const why = isFull
    ? "There is no room for further events at the moment"
    : "Not every event could be confirmed as stored";
  const detail = `${why}: ${sure.length} of ${events.length} are stored. Send the same request again, within 10 minutes: what is stored is not stored twice.`;
  return {
    kind: "partial",
    problem: { code: isFull ? "events_full" : "unavailable", detail },
    events,
  };
};
