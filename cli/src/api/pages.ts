import { z } from "zod";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
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

/** Of a list that is wanted whole. */
const MAX_PAGES = 10_000;

/** A page may be short, as rows expire meanwhile: not so often that this many more are needed. */
const MAX_FURTHER_PAGES = 100;

/** The items of a list; requests each page when it is needed. Throws where the list does not end. */
export async function* pages<T>(client: ApiClient, wanted: PagesQuery<T>): AsyncGenerator<T> {
  const { path, items, schema, limit, signal } = wanted;
  const pageSchema = z.looseObject({
    [items]: z.array(schema),
    next_cursor: z.string().nullable(),
  });
  let cursor: string | undefined;
  let left = limit;
  const maxPages = limit === Infinity ? MAX_PAGES : Math.ceil(limit / PAGE) + MAX_FURTHER_PAGES;
  for (let page = 0; page < maxPages; page += 1) {
    const query = { ...wanted.query, limit: Math.min(PAGE, left), cursor };
    const response = await client.call({ path, query, signal }, pageSchema);
    const found = response[items] as readonly T[];
    yield* found.slice(0, left);
    left -= found.length;
    const next = response["next_cursor"];
    if (typeof next !== "string" || left <= 0) return;
    if (next === cursor) throw new CliError(`the list ${path} goes on with the same page again`);
    cursor = next;
  }
  throw new CliError(`the list ${path} has not ended after ${maxPages} pages: narrow it`);
}

/** The items of a list; with `--json` each is printed when it comes. */
export const collect = async <T>(
  { client, terminal, interrupted: signal }: CommandContext,
  wanted: Omit<PagesQuery<T>, "signal">,
): Promise<readonly T[]> => {
  const collected: T[] = [];
  for await (const one of pages(client, { ...wanted, signal })) {
    collected.push(one);
    if (terminal.isJson) terminal.line(JSON.stringify(one));
  }
  return collected;
};
