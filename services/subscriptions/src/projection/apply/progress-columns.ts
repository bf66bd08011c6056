import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeliveryFacts } from "./delivery-facts.ts";

/** A row by its key: of `events` its sequence, of `deliveries` the event's sequence and the endpoint's hash. */
type Key = readonly number[];

/** A record as a row keeps it, beside the facts that follow from it. */
export type Recorded = {
  readonly record: AttemptRecord;
  /** In the id of its delivery; null: that was the first one. */
  readonly redelivery: string | null;
  /** The number of its URL; null where nothing was sent: that of the attempt before stays. */
  readonly destination: number | null;
};

/** The columns about a delivery, which `events` and `deliveries` both have. */
export const PROGRESS_COLUMNS =
  "attempts, last_attempt_ms, last_ended_ms, next_attempt_ms, last_status_code, destination, dead_letter_ms, redelivery";

/** Writes these columns of one table. */
export const progressWriter = (db: DatabaseSync, table: "events" | "deliveries") => {
  const where = table === "events" ? "seq = ?" : "event_seq = ? AND endpoint = ?";
  const resolved = table === "events" ? ", check_ms = NULL" : "";
  const recorded = db.prepare(`
    UPDATE ${table} SET facet = ?, attempts = ?, last_attempt_ms = max(ifnull(last_attempt_ms, 0), ?),
      last_ended_ms = ?, next_attempt_ms = ?, last_status_code = ?, destination = ifnull(?, destination),
      redelivery = ?${resolved} WHERE ${where}`);
  const deadLettered = db.prepare(`
    UPDATE ${table} SET facet = ?, dead_letter_ms = ?,
      next_attempt_ms = iif(?, next_attempt_ms, NULL)${resolved} WHERE ${where}`);
  return {
    recorded: (key: Key, facet: number, facts: DeliveryFacts, what: Recorded): void => {
      const { status, attempts, endedMs } = facts;
      const { record, destination, redelivery } = what;
      const { next } = record;
      const nextMs = status === "retrying" && next.kind === "retry" ? Date.parse(next.at) : null;
      const code = statusCodeOf(record);
      const made = [attempts, Date.parse(record.at), endedMs, nextMs, code] as const;
      recorded.run(facet, ...made, destination, redelivery, ...key);
    },
    deadLettered: (key: Key, facet: number, { status, deadLetterMs }: DeliveryFacts): void => {
      deadLettered.run(facet, deadLetterMs, Number(status === "retrying"), ...key);
    },
  };
};

/** What a row's facts are, but its status. */
export const factsIn = (row: Readonly<Record<string, unknown>>): Omit<DeliveryFacts, "status"> => ({
  attempts: Number(row["attempts"]),
  endedMs: numberOrNull(row["last_ended_ms"]),
  deadLetterMs: numberOrNull(row["dead_letter_ms"]),
});

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

export const statusCodeOf = ({ outcome }: AttemptRecord): number | null =>
  outcome.kind === "cancelled" ? null : (outcome.status_code ?? null);
