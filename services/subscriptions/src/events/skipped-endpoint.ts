import type { Sight } from "../sight/decide/sight.ts";
import type { FoundEvent } from "./event-reader.ts";

/** Why an endpoint that is for an event's agent and type does not get it. */
export const SKIPPED_BY = ["filter", "paused", "disabled"] as const;

/** An endpoint that an event did not go to. */
export type SkippedEndpoint = {
  readonly endpointId: string;
  readonly uid: string | undefined;
  readonly by: (typeof SKIPPED_BY)[number];
};

/** Finds the endpoints that an event skipped, of those that are seen and as they are now. */
export type SkippedOf = (sight: Sight, found: FoundEvent) => readonly SkippedEndpoint[];
