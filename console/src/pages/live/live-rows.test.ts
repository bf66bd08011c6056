import { expect, test } from "vitest";
import { MAX_ROWS, rowOf, withArrived, type LiveRow } from "./live-rows.ts";

const row = (n: number): LiveRow => ({ kind: "missed", key: String(n), count: n });
const data = { event_id: "evt_1", outcome: { kind: "delivered" }, at: "2026-01-01T00:00:00Z" };

test("attempts and what was missed are rows, and nothing else is", () => {
  expect(rowOf({ id: "a.1.2", name: "attempt", data }, 7)).toEqual({
    kind: "attempt",
    key: "a.1.2 7",
    attempt: data,
  });
  const missed = { of: "attempts", count: 1_200 };
  expect(rowOf({ id: undefined, name: "missed", data: missed }, 1)).toMatchObject({ count: 1_200 });
  expect(
    rowOf({ id: undefined, name: "missed", data: { of: "attempts", count: null } }, 1),
  ).toMatchObject({ kind: "missed", count: null });
  for (const name of ["ready", "closing", "event", "message"]) {
    expect(rowOf({ id: "a", name, data: {} }, 1)).toBeUndefined();
  }
  for (const other of [null, 1, "x", {}, []]) {
    expect(rowOf({ id: "a", name: "attempt", data: other }, 1)).toBeUndefined();
  }
});

test("the newest come first, and memory has a bound", () => {
  let rows: readonly LiveRow[] = [];
  for (let n = 0; n < MAX_ROWS + 50; n += 2) rows = withArrived(rows, [row(n), row(n + 1)]);
  expect(rows).toHaveLength(MAX_ROWS);
  expect(rows[0]?.key).toBe(String(MAX_ROWS + 49));
  expect(rows.at(-1)?.key).toBe("50");
});
