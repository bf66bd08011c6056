/** A page of a list as it was read, newest row first, and where the next one begins. */
export type ListPage<Row> = {
  readonly rows: readonly Row[];
  /** Null: there is nothing older. */
  readonly nextCursor: string | null;
  /** How many stored messages the list does not know of yet. */
  readonly lag?: number;
};

type KeyOf<Row> = (row: Row) => string;

const keysOf = <Row>(rows: readonly Row[], keyOf: KeyOf<Row>): ReadonlySet<string> =>
  new Set(rows.map(keyOf));

/**
 * A page that was read again, over what it held before: its rows are as they are now, those that left are gone, and what
 * it held beyond the end of the new reading stays. Null: nothing of the two is the same, so something may lie between.
 */
export const replacedPage = <Row>(
  before: ListPage<Row>,
  now: ListPage<Row>,
  keyOf: KeyOf<Row>,
): ListPage<Row> | null => {
  if (now.nextCursor === null) return now;
  const keys = keysOf(now.rows, keyOf);
  const last = before.rows.findLastIndex((row) => keys.has(keyOf(row)));
  if (last < 0) return before.rows.length === 0 ? now : null;
  const rest = before.rows.slice(last + 1);
  // With rest, the page goes on to where it ended before; the new cursor would read the rest a second time.
  return rest.length === 0 ? now : { ...before, ...lagOf(now), rows: [...now.rows, ...rest] };
};

const lagOf = <Row>({ lag }: ListPage<Row>) => (lag === undefined ? {} : { lag });

/** The pages with one of them replaced; no row is in two of them. */
export const withPage = <Row>(
  pages: readonly ListPage<Row>[],
  at: number,
  page: ListPage<Row>,
  keyOf: KeyOf<Row>,
): ListPage<Row>[] => {
  // The last page that there is: what was read behind it has gone.
  if (page.nextCursor === null) return [...pages.slice(0, at), page];
  const keys = keysOf(page.rows, keyOf);
  return pages.map((one, index) => {
    if (index === at) return page;
    const rows = one.rows.filter((row) => !keys.has(keyOf(row)));
    return rows.length === one.rows.length ? one : { ...one, rows };
  });
};

/** Rows of a page that the page before does not hold: a row may slip from one into the other between two readings. */
export const withoutKnown = <Row>(
  page: ListPage<Row>,
  before: ListPage<Row> | undefined,
  keyOf: KeyOf<Row>,
): ListPage<Row> => {
  if (before === undefined) return page;
  const keys = keysOf(before.rows, keyOf);
  return { ...page, rows: page.rows.filter((row) => !keys.has(keyOf(row))) };
};

/** Which pages hold the rows from `first` to `last`. */
export const pagesInSight = <Row>(
  pages: readonly ListPage<Row>[],
  { first, last }: { readonly first: number; readonly last: number },
): number[] => {
  let begin = 0;
  return pages.flatMap(({ rows }, at) => {
    const end = begin + rows.length;
    const isInSight = rows.length > 0 && begin <= last && end > first;
    begin = end;
    return isInSight ? [at] : [];
  });
};
