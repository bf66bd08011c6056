import { shownValue } from "./shown-value.ts";

/** A line, as seconds since 1970 and value; NaN is a gap. */
interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

/** From this value on (null: from the least) a number has this colour, by Grafana's names. */
interface Step {
  readonly value: number | null;
  readonly color: string;
}

export interface PicturePanel {
  readonly title: string;
  /** Of a table each line is a row. */
  readonly kind: "stat" | "timeseries" | "table";
  readonly unit: string;
  readonly isStacked: boolean;
  readonly lines: readonly Line[];
  /** The least first. In graphs each but the first is a line. */
  readonly steps: readonly Step[];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const WIDTH = 1_088;
const HEAD = 34;
const GAP = 8;
const STAT = { w: 172, h: 58 };
/** A title that is longer has a box of two. */
const STAT_TITLE = 26;
const GRAPH = { w: 352, h: 190 };
const TABLE = { w: WIDTH - 2 * GAP, rowH: 13, rows: 6 };
const LEGEND_ROWS = 5;
/** Grafana's colours of numbers, dark enough on white. */
const OF_STEPS: Readonly<Record<string, string>> = {
  green: "#2f8a4a",
  yellow: "#b07d00",
  red: "#c9252d",
};
const COLOURS = [
  "#3b78c3",
  "#d9822b",
  "#3f9b5b",
  "#b4478f",
  "#8a6d3b",
  "#4aa6a6",
  "#c23b3b",
  "#666",
];

/** Panels side by side as SVG: what the dashboard would show of these lines, drawn with nothing else. */
export const picture = (title: string, panels: readonly PicturePanel[]): string => {
  const drawn: string[] = [];
  let [x, y, rowHeight] = [GAP, HEAD, 0];
  for (const panel of panels) {
    const size = sizeOf(panel);
    if (x + size.w > WIDTH || (rowHeight > 0 && rowHeight !== size.h)) {
      [x, y] = [GAP, y + rowHeight + GAP];
    }
    rowHeight = size.h;
    drawn.push(drawnPanel(panel, { x, y, ...size }));
    x += size.w + GAP;
  }
  const height = y + rowHeight + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="${WIDTH}" height="${height}" fill="#f4f5f7"/>`,
    text(GAP, 22, title, 'font-size="15" font-weight="bold"'),
    ...drawn,
    "</svg>\n",
  ].join("\n");
};

const sizeOf = ({ kind, lines, title }: PicturePanel): Pick<Box, "w" | "h"> => {
  if (kind === "stat") {
    return title.length > STAT_TITLE ? { ...STAT, w: 2 * STAT.w + GAP } : STAT;
  }
  if (kind === "timeseries") return GRAPH;
  const rows = Math.max(1, Math.min(lines.length, TABLE.rows));
  return { w: TABLE.w, h: 24 + rows * TABLE.rowH };
};

const drawnPanel = (panel: PicturePanel, box: Box): string =>
  [
    `<g transform="translate(${box.x} ${box.y})">`,
    `<rect width="${box.w}" height="${box.h}" rx="3" fill="#fff" stroke="#d8dbe0"/>`,
    text(8, 15, panel.title, 'font-weight="bold"'),
    ...MARKS[panel.kind](panel, box),
    "</g>",
  ].join("\n");

const statMarks = ({ lines, unit, steps }: PicturePanel): string[] => {
  const values = lines.map(({ points }) => points.at(-1)?.[1] ?? NaN);
  const said = values.map((value) => shownValue(value, unit)).join(" · ");
  const worst = steps.findLast(({ value }) => value === null || (values[0] ?? NaN) >= value);
  const fill = OF_STEPS[worst?.color ?? ""] ?? "#000";
  return [text(8, 44, said === "" ? "no data" : said, `font-size="21" fill="${fill}"`)];
};

const tableMarks = ({ lines }: PicturePanel): string[] => {
  const rows = lines.slice(0, TABLE.rows).map(({ name }) => name);
  const said = rows.length === 0 ? ["nothing"] : rows;
  return said.map((row, n) => text(8, 32 + n * TABLE.rowH, row, 'fill="#333"'));
};

const graphMarks = ({ lines, unit, isStacked, steps }: PicturePanel, { w, h }: Box): string[] => {
  const plot = { x: 48, y: 24, w: w - 58, h: h - 40 - 12 * LEGEND_ROWS };
  const stacked = isStacked ? onTopOfEachOther(lines) : lines;
  const asked = stacked.flatMap(({ points }) => points);
  const all = asked.filter(([, value]) => Number.isFinite(value));
  if (all.length === 0) return [text(w / 2 - 20, h / 2, "no data", 'fill="#888"')];
  const times = asked.map(([time]) => time); // gaps take their time too
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const limits = steps.flatMap(({ value, color }) => (value === null ? [] : [{ value, color }]));
  const top = Math.max(...all.map(([, value]) => value), ...limits.map((one) => one.value)) || 1;
  const place = ([time, value]: readonly [number, number]): string => {
    const left = plot.x + ((time - from) / Math.max(1, to - from)) * plot.w;
    return `${left.toFixed(1)} ${(plot.y + plot.h - (value / top) * plot.h).toFixed(1)}`;
  };
  const axes = [0, 0.5, 1].map((share) => {
    const y = plot.y + plot.h * (1 - share);
    const line = `<path d="M${plot.x} ${y.toFixed(1)}h${plot.w}" stroke="#e3e5e8"/>`;
    return (
      line + text(plot.x - 4, y + 3, shownValue(top * share, unit), 'text-anchor="end" fill="#666"')
    );
  });
  const span = text(
    plot.x + plot.w,
    plot.y + plot.h + 12,
    `${Math.round(to - from)} s`,
    'text-anchor="end" fill="#666"',
  );
  const dashed = limits.map(({ value, color }) => {
    const y = (plot.y + plot.h - (value / top) * plot.h).toFixed(1);
    const dash = `stroke="${OF_STEPS[color] ?? "#000"}" stroke-dasharray="5 3"`;
    return `<path d="M${plot.x} ${y}h${plot.w}" ${dash}/>`;
  });
  return [
    ...axes,
    ...dashed,
    span,
    ...stacked.map(({ points }, n) =>
      pathOf(
        points.map((point) => [point, place(point)]),
        n,
      ),
    ),
    ...legend(lines, unit, plot.y + plot.h + 24),
  ];
};

const pathOf = (
  placed: readonly (readonly [readonly [number, number], string])[],
  n: number,
): string => {
  let isDrawing = false;
  const steps = placed.map(([[, value], at]) => {
    const step = Number.isFinite(value) ? `${isDrawing ? "L" : "M"}${at}` : "";
    isDrawing = Number.isFinite(value);
    return step;
  });
  return `<path d="${steps.join("")}" fill="none" stroke="${colour(n)}" stroke-width="1.4"/>`;
};

const MARKS: Readonly<
  Record<PicturePanel["kind"], (panel: PicturePanel, box: Box) => readonly string[]>
> = { stat: statMarks, timeseries: graphMarks, table: tableMarks };

/** Each line's name and last value; what does not fit is counted. */
const legend = (lines: readonly Line[], unit: string, top: number): string[] => {
  const shown = lines.slice(0, lines.length > LEGEND_ROWS ? LEGEND_ROWS - 1 : LEGEND_ROWS);
  const rows = shown.map(({ name, points }, n) => {
    const last = shownValue(points.at(-1)?.[1] ?? NaN, unit);
    const mark = `<rect x="8" y="${top + n * 12 - 7}" width="8" height="8" fill="${colour(n)}"/>`;
    return mark + text(20, top + n * 12, `${name}: ${last}`, 'fill="#333"');
  });
  const left = lines.length - shown.length;
  if (left === 0) return rows;
  return [...rows, text(20, top + shown.length * 12, `and ${left} more`, 'fill="#888"')];
};

/** Each line raised by those before it, at the same times. */
const onTopOfEachOther = (lines: readonly Line[]): Line[] => {
  const sums = new Map<number, number>();
  return lines.map(({ name, points }) => ({
    name,
    points: points.map(([time, value]) => {
      const sum = (sums.get(time) ?? 0) + (Number.isFinite(value) ? value : 0);
      sums.set(time, sum);
      return [time, sum] as const;
    }),
  }));
};

const colour = (n: number): string => COLOURS[n % COLOURS.length] ?? "#000";

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const text = (x: number, y: number, said: string, attributes = ""): string =>
  `<text x="${x}" y="${y}" ${attributes}>${said.replaceAll(/[&<>]/g, (c) => ESCAPES[c] ?? c)}</text>`;
