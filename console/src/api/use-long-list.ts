import {
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { GROWING } from "../app/query-client.ts";
import { pagesInSight, replacedPage, withoutKnown, withPage, type ListPage } from "./list-pages.ts";

const WATCH_MS = 10_000;

type Data<Row> = InfiniteData<ListPage<Row>, string | null>;

/** Rows from one to another, as the table has them in sight. */
type RowRange = { readonly first: number; readonly last: number };

type LongList<Row> = {
  readonly rows: readonly Row[];
  readonly isPending: boolean;
  readonly error: unknown;
  /** Reads older rows; undefined where there are none. */
  readonly readMore: (() => void) | undefined;
  readonly isReading: boolean;
  /** Reads again what is in sight, now. */
  readonly retry: () => void;
  /** Stored messages that the list does not know of yet. */
  readonly lag: number;
  /** So many rows came while older ones were in sight that they cannot be shown above these: begin at the newest again. */
  readonly isBehind: boolean;
  readonly showNewest: () => void;
  /** The table says what is in sight: that is what is read again. */
  readonly onRange: (range: RowRange) => void;
};

type ListSource<Row> = {
  readonly queryKey: readonly unknown[];
  /** Reads the page at a cursor; null: the newest rows. */
  readonly read: (cursor: string | null, signal: AbortSignal) => Promise<ListPage<Row>>;
  readonly keyOf: (row: Row) => string;
};

/**
 * A list that grows at both ends: older rows as somebody scrolls to them, new ones every 10 s. Only the newest page and
 * those in sight are read again, however many there are.
 */
export const useLongList = <Row>({ queryKey, read, keyOf }: ListSource<Row>): LongList<Row> => {
  const client = useQueryClient();
  const range = useRef<RowRange>({ first: 0, last: 0 });
  const key = ["list", ...queryKey];
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: async ({ pageParam, signal }) => {
      const page = await read(pageParam, signal);
      const before = pageParam === null ? undefined : dataAt<Row>(client, key)?.pages.at(-1);
      return withoutKnown(page, before, keyOf);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    meta: GROWING,
    staleTime: Infinity,
    // It would compare every row with itself at each page.
    structuralSharing: false,
  });
  const again = useQuery({
    queryKey: ["list-again", ...queryKey],
    queryFn: ({ signal }) => refreshed({ read, keyOf, client, key, range: range.current, signal }),
    enabled: list.isSuccess,
    refetchInterval: WATCH_MS,
    initialData: { isBehind: false },
    initialDataUpdatedAt: () => client.getQueryState(key)?.dataUpdatedAt,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.rows) ?? [], [list.data]);
  const { fetchNextPage, isFetchingNextPage, hasNextPage, isFetchNextPageError } = list;
  const readMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const onRange = useCallback((now: RowRange) => {
    range.current = now;
  }, []);
  return {
    rows,
    isPending: list.isPending,
    error: list.error ?? again.error,
    readMore: hasNextPage && !isFetchNextPageError ? readMore : undefined,
    isReading: isFetchingNextPage,
    retry: () => void (list.isError ? list.refetch() : again.refetch()),
    lag: list.data?.pages[0]?.lag ?? 0,
    isBehind: again.data.isBehind,
    showNewest: () => void client.resetQueries({ queryKey: key, exact: true }),
    onRange,
  };
};

const dataAt = <Row>(client: QueryClient, key: readonly unknown[]) =>
  client.getQueryData<Data<Row>>(key);

type Reading<Row> = Pick<ListSource<Row>, "read" | "keyOf"> & {
  readonly client: QueryClient;
  readonly key: readonly unknown[];
  readonly range: RowRange;
  readonly signal: AbortSignal;
};

/** Reads the newest page and those in sight again, and puts them into the list. */
const refreshed = async <Row>(reading: Reading<Row>): Promise<{ isBehind: boolean }> => {
  const { client, key, range, read, keyOf, signal } = reading;
  const start = dataAt<Row>(client, key);
  if (start === undefined) return { isBehind: false };
  const inSight = pagesInSight(start.pages, range).filter((at) => at > 0);
  let isBehind = false;
  for (const at of [0, ...inSight]) {
    const cursor = start.pageParams[at] ?? null;
    const now = await read(cursor, signal);
    // Older pages may have come meanwhile; one that was dropped meanwhile needs no reading.
    const data = dataAt<Row>(client, key);
    const before = data?.pages[at];
    if (data === undefined || before === undefined || data.pageParams[at] !== cursor) continue;
    const replaced = replacedPage(before, now, keyOf);
    const isAtTop = range.first === 0;
    if (replaced === null && at === 0 && !isAtTop) {
      isBehind = true;
      continue;
    }
    const pages =
      replaced === null
        ? [...data.pages.slice(0, at), now]
        : withPage(data.pages, at, replaced, keyOf);
    client.setQueryData<Data<Row>>(key, {
      pages,
      pageParams: data.pageParams.slice(0, pages.length),
    });
  }
  return { isBehind };
};
