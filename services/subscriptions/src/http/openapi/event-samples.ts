import { readFileSync } from "node:fs";
import { EVENT_TYPES, type EventType } from "@ringback/contracts/events/event-types";

/** Read at the start, so that the process does not start without a sample. */
const SAMPLES = new Map<EventType, string>(
  EVENT_TYPES.map((type) => {
    const url = import.meta.resolve(`@ringback/contracts/examples/${type}.json`);
    return [type, readFileSync(new URL(url), "utf8")];
  }),
);

/** The sample of a built-in type as JSON text; undefined for any other type. */
export const sampleTextOf = (type: EventType): string | undefined => SAMPLES.get(type);

/** The sample of a built-in type. Numbers beyond 2^53 are rounded. */
export const sampleOf = (type: EventType): Record<string, unknown> =>
  JSON.parse(sampleTextOf(type) ?? "{}") as Record<string, unknown>;
