import type { Attempt } from "../attempts/attempt.ts";

/** An attempt as `GET /stream` sends it: a first delivery may have no id there. */
export type LiveAttempt = Omit<Attempt, "delivery_id"> & {
  readonly delivery_id?: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly call_id: string;
  readonly agent_id: string;
};

/** What the page shows in a row; `key` is its position in the stream. */
export type LiveRow =
  | { readonly kind: "attempt"; readonly key: string; readonly attempt: LiveAttempt }
  /** The stream skipped some; null: nobody knows how many. */
  | { readonly kind: "missed"; readonly key: string; readonly count: number | null };

/** A message of the stream, as it came. */
export type LiveMessage = {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: unknown;
};

/** So many rows stay in memory, however long the page is open. */
export const MAX_ROWS = 1_000;

/** A message as a row; undefined for what is no row. */
export const rowOf = ({ id, name, data }: LiveMessage, nth: number): LiveRow | undefined => {
  if (typeof data !== "object" || data === null) return undefined;
  const key = `${id ?? ""} ${nth}`;
  if (name === "missed") {
    const count = "count" in data && typeof data.count === "number" ? data.count : null;
    return { kind: "missed", key, count };
  }
  const isAttempt = name === "attempt" && "event_id" in data && "outcome" in data && "at" in data;
  return isAttempt ? { kind: "attempt", key, attempt: data as LiveAttempt } : undefined;
};

/** The rows with those that came (oldest first) before them, and no more than may be. */
export const withArrived = (
  rows: readonly LiveRow[],
  arrived: readonly LiveRow[],
): readonly LiveRow[] => [...arrived.toReversed(), ...rows].slice(0, MAX_ROWS);
