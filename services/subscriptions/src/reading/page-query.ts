import { z } from "zod";
import { seqInCursor } from "./seq-cursor.ts";

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

/** The query of a list that is read from a stream; the cursor becomes the sequence to stay before. */
export const pageQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(MAX_PAGE))
    .default(DEFAULT_PAGE)
    .meta({
      description: "How many a page has at most",
      documentedAs: { type: "integer", minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
    }),
  cursor: z
    .string()
    .transform((text, context) => {
      const seq = seqInCursor(text);
      if (seq !== undefined) return seq;
      context.addIssue("is not a next_cursor of an earlier answer");
      return z.NEVER;
    })
    .optional()
    .meta({ description: "`next_cursor` of the page before." }),
});

/** Of calls that take no query. */
export const noQuerySchema = z.strictObject({});
