import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { EarlierState } from "../../delivery/decide/order.ts";

/**
 * How a delivery stands by its last record alone. `unclear`: it has none, or its retry is due by now, and so may be
 * in flight, or have ended without a record.
 */
export const stateByRecord = (
  record: Pick<AttemptRecord, "next"> | undefined,
  nowMs: number,
): EarlierState | "unclear" => {
  if (record === undefined) return "unclear";
  if (record.next.kind !== "retry") return "ended";
  return Date.parse(record.next.at) > nowMs ? "retrying" : "unclear";
};

/** What RETRIES, EVENTS and DEAD_LETTERS say of a delivery whose last record leaves it unclear. */
export type Unclear = {
  readonly hasRecord: boolean;
  /** Its message on RETRIES; `unknown` where nobody can say. */
  readonly pending: "scheduled" | "due" | "none" | "unknown";
  /** Its event is acknowledged: whatever follows from it was stored before. */
  readonly isAcknowledged: boolean;
  readonly isDeadLettered: boolean;
};

/** How a delivery stands that its last record leaves unclear. */
export const stateOfUnclear = ({
  hasRecord,
  pending,
  isAcknowledged,
  isDeadLettered,
}: Unclear): EarlierState => {
  // A retry that is put off once more holds nothing of the endpoint, and is in no flight.
  if (pending === "scheduled" && hasRecord) return "retrying";
  if (pending !== "none") return "in_flight";
  if (isDeadLettered) return "ended";
  // Nothing waits, nothing was tried, and nothing will: its event did not go there.
  if (isAcknowledged && !hasRecord) return "ended";
  // Between two steps of the process that has it; or its retry is lost, and will be published again (ADR 13).
  return "in_flight";
};
