import { z } from "zod";
import type { ApiClient, Call } from "./api-client.ts";

export type PagesQuery<T> = Pick<Call, "query"> & {
  readonly path: string;
  /** The response's field that holds the items. */
  readonly items: string;
  readonly schema: z.ZodType<T>;
  /** At most this many items in all. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

const PAGE = 200;

/** The items of a list; requests each page when it is needed. */
export async function* pages<T>(client: ApiClient, wanted: PagesQuery<T>): AsyncGenerator<T> {
  const { path, items, schema, limit, signal } = wanted;
  const pageSchema = z.looseObject({
    [items]: z.array(schema),
    next_cursor: z.string().nullable(),
  });
  let cursor: string | undefined;
  for (let left = limit; left > 0;) {
    const query = { ...wanted.query, limit: Math.min(PAGE, left), cursor };
    const page = await client.call({ path, query, signal }, pageSchema);
    const found = page[items] as readonly T[];
    yield* found;
    left -= found.length;
    const next = page["next_cursor"];
    if (typeof next !== "string") return;
    cursor = next;
  }
}
