import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";

/** A list in pages, as every list of the API is. */
type ListPage = { readonly next_cursor: string | null };

type PagesOptions<Page extends ListPage, Row> = {
  readonly key: QueryKey;
  /** Reads one page; `cursor` is undefined for the first. */
  readonly read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>;
  readonly rowsOf: (page: Page) => readonly Row[];
  /** How often the first page is read again while it is the only one; `false`: never. */
  readonly everyMs?: number | false;
};

const EVERY_MS = 10_000;

/**
 * The rows of a list, page by page as somebody scrolls. It is read again by itself only at its beginning: whoever has
 * scrolled through 1,000 pages would read all of them again, and lose the place.
 */
export const usePages = <Page extends ListPage, Row>({
  key,
  read,
  rowsOf,
  everyMs = EVERY_MS,
}: PagesOptions<Page, Row>) => {
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : everyMs),
    placeholderData: (before) => before,
  });
  const { data, error, isPending, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = list;
  return {
    rows: data?.pages.flatMap((page) => rowsOf(page)) ?? [],
    isPending,
    error,
    isReading: isFetchingNextPage,
    /** Undefined at the end of the list. */
    readMore: hasNextPage ? () => void fetchNextPage() : undefined,
    retry: () => void refetch(),
  };
};
