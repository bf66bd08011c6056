import { z } from "zod";
import { seqInCursor } from "./seq-cursor.ts";
import { paging } from "./pagination.ts";

/** The query of a list that is read from a stream; the cursor becomes the sequence to stay before. */
export const pageQuerySchema = z.strictObject({
  ...paging(seqInCursor),
});

/** Of calls that take no query. */
export const noQuerySchema = z.strictObject({});
