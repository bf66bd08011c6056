import { eventId } from "@ringback/contracts/events/event";
import { z } from "zod";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";
import { problemSchema, type Problem } from "../http/problem.ts";
import type { StoredItem } from "./store-events.ts";

/** A field with a value that readers do not expect. */
export const warningSchema = z
  .object({ path: z.string(), message: z.string() })
  .meta({ id: "Warning", description: "The event is delivered as it is." });

const itemSchema = z.object({
  event_id: z.string(),
  duplicate: z.boolean().meta({
    description: "True when it was stored before, by its message id: nothing was stored now.",
  }),
  differs: z.boolean().optional().meta({
    description:
      "True when what was stored before under this message id is not the same, byte for byte.",
  }),
  warnings: z.array(warningSchema).optional().meta({
    description: "Known fields with values that readers do not expect: delivered as they are.",
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
export const ingested = (
  items: readonly StoredItem[],
  warnings: ReadonlyArray<readonly EventWarning[]>,
  { eventsCreatedMs, hasKey }: { readonly eventsCreatedMs: number; readonly hasKey: boolean },
): Ingested => {
  const events = items.map((item, n) => itemAnswer(item, warnings[n] ?? [], eventsCreatedMs));
  if (hasKey && items.some((item) => item.kind === "stored" && item.differs)) {
    const detail =
      "This Idempotency-Key was used for another body within the last 10 minutes: send what is new with a key of its own. `events` says what is stored.";
    return { kind: "partial", problem: { code: "event_differs", detail }, events };
  }
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

const itemAnswer = (
  item: StoredItem,
  warnings: readonly EventWarning[],
  eventsCreatedMs: number,
): z.infer<typeof itemSchema> | null => {
  if (item.kind !== "stored") return null;
  return {
    event_id: eventId(eventsCreatedMs, item.seq),
    duplicate: item.duplicate,
    ...(item.differs ? { differs: true } : {}),
    ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
  };
};
