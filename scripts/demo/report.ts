import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";

const HEADINGS = ["event type", "attempt", "request", "outcome", "took", "next"];

/** A table of every attempt, one line each, grouped by event in the order of the first attempts. */
export const attemptTable = (attempts: readonly AttemptRecord[]): string => {
  const sorted = attempts.toSorted((a, b) => a.event_seq - b.event_seq || a.attempt - b.attempt);
  const rows = [HEADINGS, ...sorted.map(cellsOf)];
  const widths = HEADINGS.map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join("  "));
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
};

const cellsOf = (record: AttemptRecord): string[] => {
  const { request, duration_ms } = record;
  return [
    record.event_type,
    String(record.attempt),
    request === undefined ? "" : `${request.method} ${new URL(request.url).pathname}`,
    outcomeText(record.outcome),
    `${duration_ms.toFixed(0)} ms`,
    nextText(record),
  ];
};

/** "delivered 200", "failed 503", "failed: timeout", "cancelled". */
export const outcomeText = (outcome: AttemptRecord["outcome"]): string => {
  switch (outcome.kind) {
    case "delivered":
      return `delivered ${outcome.status_code}`;
    case "failed":
      return outcome.reason === "status"
        ? `failed ${outcome.status_code}`
        : `failed: ${outcome.reason}`;
    case "cancelled":
      return "cancelled";
    default:
      return outcome satisfies never;
  }
};

/** "done", "again after 1.04 s", "dead letter": what came next, counted from the attempt's end. */
export const nextText = ({ at, duration_ms, next }: AttemptRecord): string => {
  switch (next.kind) {
    case "done":
      return "done";
    case "retry": {
      const afterMs = Date.parse(next.at) - (Date.parse(at) + duration_ms);
      return `again after ${(afterMs / 1000).toFixed(2)} s`;
    }
    case "dead_letter":
      return "dead letter";
    default:
      return next satisfies never;
  }
};
