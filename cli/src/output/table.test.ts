import { expect, test } from "vitest";
import { tableOf, type Column } from "./table.ts";

type Row = readonly [string, string, string];

const COLUMNS: Column<Row>[] = [
  { heading: "ID", cell: ([id]) => id },
  { heading: "NAME", cell: ([, name]) => name, shrinks: true },
  { heading: "STATUS", cell: ([, , status]) => status, paint: (_, text) => `<${text}>` },
];
const ROWS: Row[] = [
  ["a1", "Reminder", "on"],
  ["agent-2", "", "off"],
];

test("columns are as wide as their widest cell, and colours take no width", () => {
  expect(tableOf(COLUMNS, ROWS, Infinity)).toEqual([
    "ID       NAME      STATUS",
    "a1       Reminder  <on>",
    "agent-2            <off>",
  ]);
});

test("where it is too wide, the widest column that may shrink loses its end", () => {
  const rows: Row[] = [["agent-2", "a name of many words", "delivered"]];
  expect(tableOf(COLUMNS, rows, 30)).toEqual([
    "ID       NAME        STATUS",
    "agent-2  a name of…  <delivered>",
  ]);
});

test("a cell keeps a beginning that people recognise, however narrow the terminal", () => {
  const rows: Row[] = [["agent-2", "a name of many words", "delivered"]];
  expect(tableOf(COLUMNS, rows, 5)[1]).toBe("agent-2  a name…  <delivered>");
});
