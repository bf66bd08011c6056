import { expect, test } from "vitest";
import { picture, type PicturePanel } from "./picture.ts";
import { shownValue } from "./shown-value.ts";

const panel = (more: Partial<PicturePanel>): PicturePanel => ({
  title: "Failed <attempts>",
  kind: "timeseries",
  unit: "short",
  isStacked: false,
  lines: [],
  steps: [],
  ...more,
});

const LINES = [
  { name: "a", points: [[0, 1] as const, [10, 3] as const] },
  { name: "b", points: [[0, 1] as const, [10, 1] as const] },
];

/** Heights of the lines' points, the top of the panel first. */
const heights = (svg: string): string[][] =>
  [...svg.matchAll(/<path d="(M[^"h]+)"/g)].map(([, path = ""]) =>
    [...path.matchAll(/[ML]\S+ ([\d.]+)/g)].map(([, y = ""]) => y),
  );

test("the largest value is at the top, zero at the bottom", () => {
  const bottom = 24 + 190 - 40 - 60;
  const [first] = heights(
    picture("t", [
      panel({
        lines: [
          {
            name: "a",
            points: [
              [0, 0],
              [5, 8],
            ],
          },
        ],
      }),
    ]),
  );
  expect(first).toEqual([bottom.toFixed(1), "24.0"]);
});

test("stacked lines stand on each other", () => {
  const [first, second] = heights(picture("t", [panel({ lines: LINES, isStacked: true })]));
  expect([second?.at(-1), Number(first?.at(-1)) > 24]).toEqual(["24.0", true]);
});

test("a gap is no line", () => {
  const points = [
    [0, 1],
    [1, NaN],
    [2, 1],
  ] as const;
  expect(picture("t", [panel({ lines: [{ name: "a", points }] })])).toMatch(/d="M[^LM"]+M[^LM"]+"/);
});

test("a panel without lines says so, and what is text cannot be markup", () => {
  const svg = picture("t", [panel({}), panel({ kind: "stat" })]);
  expect(svg.match(/no data/g)).toHaveLength(2);
  expect(svg).toContain("Failed &lt;attempts&gt;");
});

test.each([
  [0.256, "percentunit", "25.6 %"],
  [0.0123, "s", "12.3 ms"],
  [93, "s", "93 s"],
  [1_536, "bytes", "1.5 KiB"],
  [12.345, "reqps", "12.3/s"],
  [123_456, "short", "123 K"],
  [NaN, "short", "–"],
  [1, "bool", "yes"],
  [0.5, "bool", ""],
])("%d in %s is shown as %s", (value, unit, shown) => {
  expect(shownValue(value, unit)).toBe(shown);
});

const STEPS = [
  { value: null, color: "green" },
  { value: 2, color: "red" },
];

test.each([
  [1, "#2f8a4a"],
  [2, "#c9252d"],
])("a number of %s has its step's colour", (value, fill) => {
  const lines = [{ name: "a", points: [[0, value] as const] }];
  expect(picture("t", [panel({ kind: "stat", lines, steps: STEPS })])).toContain(`fill="${fill}"`);
});

test("an objective is a dashed line, and on the axis also where all values are below it", () => {
  const lines = [{ name: "a", points: [[0, 0] as const, [5, 1] as const] }];
  const svg = picture("t", [panel({ lines, steps: STEPS })]);
  expect(svg).toMatch(/<path d="M48 24\.0h\d+" stroke="#c9252d" stroke-dasharray/);
});

test("a table has a row for each line, or says that there is none", () => {
  const rows = ["first", "second"].map((name) => ({ name, points: [[0, 1] as const] }));
  const svg = picture("t", [panel({ kind: "table", lines: rows }), panel({ kind: "table" })]);
  for (const text of [">first<", ">second<", ">nothing<"]) expect(svg).toContain(text);
});
