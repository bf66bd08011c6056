import type { Mark } from "./payload.ts";

/** One request as a receiver saw it. */
export type Arrival = Mark & {
  readonly agent: number;
  readonly arrivedUs: number;
  /** By the clock that schedules go by, in ms since 1970. */
  readonly arrivedWallMs: number;
  /** It was answered with 200. */
  readonly isAccepted: boolean;
};

/** Many arrivals, a column for each field: a million of them are handed over in one message. */
export type Arrivals = { readonly [Field in keyof Arrival]: Float64Array };

const FIELDS = ["n", "sentUs", "agent", "arrivedUs", "arrivedWallMs", "isAccepted"] as const;

/** Collects arrivals in columns that grow. */
export const arrivalLog = () => {
  let capacity = 4_096;
  let size = 0;
  let columns = FIELDS.map(() => new Float64Array(capacity));
  return {
    add: (arrival: Arrival): void => {
      if (size === capacity) {
        capacity *= 2;
        columns = columns.map((column) => {
          const larger = new Float64Array(capacity);
          larger.set(column);
          return larger;
        });
      }
      for (const [n, field] of FIELDS.entries()) columns[n]![size] = Number(arrival[field]);
      size += 1;
    },
    take: (): Arrivals => {
      const taken = columns.map((column) => column.slice(0, size));
      size = 0;
      return Object.fromEntries(FIELDS.map((field, n) => [field, taken[n]!])) as Arrivals;
    },
  };
};

/** Rows of several receivers in one. */
export const arrivedTogether = (parts: readonly Arrivals[]): Arrivals =>
  Object.fromEntries(
    FIELDS.map((field) => [field, Float64Array.from(parts.flatMap((part) => [...part[field]]))]),
  ) as Arrivals;

/** How long each took from being published to the request, in ms, of those that `isWanted` names. */
export const latenciesMs = (
  { n, agent, sentUs, arrivedUs }: Arrivals,
  isWanted: (event: { readonly n: number; readonly agent: number }) => boolean = () => true,
): number[] => {
  const found: number[] = [];
  for (let row = 0; row < n.length; row += 1) {
    const event = { n: n[row]!, agent: agent[row]! };
    if (isWanted(event)) found.push((arrivedUs[row]! - sentUs[row]!) / 1_000);
  }
  return found;
};
