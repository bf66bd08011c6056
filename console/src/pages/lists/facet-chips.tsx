import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import { shortCountText } from "../../format/number.ts";
import type { Filters } from "../../ui/filters.tsx";
import { toneOf } from "../../ui/status.tsx";
import css from "./lists.module.css";

const WATCH_MS = 15_000;

type Counted = { readonly value: string; readonly count: number };
type Counts = {
  readonly total: number;
  readonly isAtLeast: boolean;
  readonly by: readonly Counted[];
};

const readers = {
  events: async (query: Record<string, unknown>, signal: AbortSignal): Promise<Counts> => {
    const found = await dataOf(api.GET("/events/facets", { params: { query }, signal }));
    return { total: found.total, isAtLeast: found.at_least, by: found.status };
  },
  deliveries: async (query: Record<string, unknown>, signal: AbortSignal): Promise<Counts> => {
    const found = await dataOf(api.GET("/deliveries/facets", { params: { query }, signal }));
    return { total: found.total, isAtLeast: found.at_least, by: found.status };
  },
  "dead-letters": async (query: Record<string, unknown>, signal: AbortSignal): Promise<Counts> => {
    const found = await dataOf(api.GET("/dead-letters/facets", { params: { query }, signal }));
    return { total: found.total, isAtLeast: found.at_least, by: found.reason };
  },
};

/** How many rows a list has of each status or reason; choosing one narrows the list to it. */
export const FacetChips = ({
  of,
  name,
  filters,
}: {
  readonly of: keyof typeof readers;
  /** The filter that the chips set. */
  readonly name: "status" | "reason";
  readonly filters: Filters;
}) => {
  const { [name]: chosen, ...others } = filters.values;
  const counts = useQuery({
    queryKey: ["facets", of, others],
    queryFn: ({ signal }) => readers[of](others, signal),
    refetchInterval: WATCH_MS,
    placeholderData: (before) => before,
    // The list itself says what is wrong with its filters.
    retry: false,
  });
  const { data } = counts;
  if (data === undefined || counts.isError) return <div className={css.chips} />;
  const all = `${data.isAtLeast ? "over " : ""}${shortCountText(data.total)}`;
  return (
    <div className={css.chips} role="group" aria-label={`Rows by ${name}`}>
      <Chip
        text="all"
        count={all}
        isChosen={chosen === undefined}
        onChoose={() => filters.set(name, "")}
      />
      {data.by.map(({ value, count }) => (
        <Chip
          key={value}
          text={value.replaceAll("_", " ")}
          tone={toneOf(value)}
          count={shortCountText(count)}
          isChosen={chosen === value}
          onChoose={() => filters.set(name, chosen === value ? "" : value)}
        />
      ))}
    </div>
  );
};

const Chip = ({
  text,
  count,
  tone = "neutral",
  isChosen,
  onChoose,
}: {
  readonly text: string;
  readonly count: string;
  readonly tone?: string;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}) => (
  <button
    type="button"
    className={[css.chip, css[tone] ?? ""].join(" ")}
    aria-pressed={isChosen}
    onClick={onChoose}
  >
    {text} <strong>{count}</strong>
  </button>
);
