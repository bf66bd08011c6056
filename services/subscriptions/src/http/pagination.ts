import { z } from "zod";

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

/**
 * `limit` and `cursor` of every list, for its query's schema. `placeIn` gives the place that one of the list's
 * cursors stands for, or undefined for a text that is none of them.
 */
export const paging = <Place>(placeIn: (cursor: string) => Place | undefined) => ({
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
      const place = placeIn(text);
      if (place !== undefined) return place;
      context.addIssue("is not a next_cursor of an earlier answer");
      return z.NEVER;
    })
    .optional()
    .meta({ description: "`next_cursor` of the page before; without it the first page" }),
});
