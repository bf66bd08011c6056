import { z } from "zod";
import { warningSchema } from "../check-event.ts";
import { problemSchema } from "../../http/problem.ts";

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
export const publishResponseSchema = z.object({
  events: z.array(itemSchema).meta({ description: "In the order of the request." }),
});

/** Some may be stored: `events` says which, in the order of the request. */
export const partialProblemSchema = problemSchema.extend({
  events: z.array(itemSchema.nullable()).optional().meta({
    description: "In the order of the request; null: not stored, or not known to be.",
  }),
});
