import { z } from "zod";
import { publishedEventSchema } from "../publish-events.ts";
import { problemSchema } from "../../http/problem.ts";

/** Every event of the request is stored. */
export const publishResponseSchema = z.object({
  events: z.array(publishedEventSchema).meta({ description: "In the order of the request." }),
});

/** Some may be stored: `events` says which, in the order of the request. */
export const partialProblemSchema = problemSchema.extend({
  events: z.array(publishedEventSchema.nullable()).optional().meta({
    description: "In the order of the request; null: not stored, or not confirmed as stored.",
  }),
});
