import { useEffect, useRef, useSyncExternalStore } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { localText } from "../../format/time.ts";
import { aloneAt } from "./alone-at.ts";
import css from "./overview.module.css";

/** A line of the chart: its values over the times, and the colour of the theme that it has. */
export type Series = {
  readonly label: string;
  readonly colour: "--good" | "--danger" | "--warn" | "--accent";
  readonly values: readonly (number | null)[];
};

const HEIGHT_PX = 220;

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const onColours = (listener: () => void): (() => void) => {
  dark.addEventListener("change", listener);
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ["data-mode"] });
  return () => {
    dark.removeEventListener("change", listener);
    observer.disconnect();
  };
};
const colours = (): string => `${dark.matches} ${document.documentElement.dataset["mode"] ?? ""}`;

const ofDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const ofYear = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short" });

/** A time below the axis: of the day, and at midnight the day. */
const axisText = (seconds: number): string => {
  const at = new Date(seconds * 1_000);
  return at.getHours() === 0 && at.getMinutes() === 0 ? ofYear.format(at) : ofDay.format(at);
};

/** A colour of the theme as a canvas takes it. */
const resolved = (element: HTMLElement, name: string): string => {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = "";
  return color;
};

/** No line leads to a value between two that are not known: it is drawn as a point. */
const alonePoints = (fill: string): UPlot.Series.Points => ({
  show: false,
  filter: ({ data }, series) => aloneAt(data[series] ?? []),
  fill,
  size: 6,
});

type ChartProps = {
  readonly label: string;
  /** The times, in s since the epoch. */
  readonly seconds: readonly number[];
  readonly series: readonly Series[];
};

/** Lines over time. What it shows is in a table below, too, for who does not see it. */
export const SeriesChart = (chart: ChartProps) => {
  const theme = useSyncExternalStore(onColours, colours);
  // A canvas keeps the colours that it was drawn with.
  return <Plot key={theme} {...chart} />;
};

const Plot = ({ label, seconds, series }: ChartProps) => {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const axis = {
      stroke: resolved(element, "--muted"),
      grid: { stroke: resolved(element, "--border"), width: 1 },
      ticks: { stroke: resolved(element, "--border"), width: 1 },
      font: "12px system-ui, sans-serif",
    };
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { live: true },
        // A click would take a line away, which a keyboard could not.
        cursor: { bind: { click: () => null } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.08)] } },
        axes: [
          { ...axis, values: (_plot, times) => times.map(axisText) },
          { ...axis, size: 56 },
        ],
        series: [
          {
            label: "From",
            value: (_plot, time) => (time === null ? "–" : localText(time * 1_000)),
          },
          ...series.map(({ label: name, colour }) => {
            const stroke = resolved(element, colour);
            return { label: name, stroke, width: 2, points: alonePoints(stroke) };
          }),
        ],
      },
      [[...seconds], ...series.map(({ values }) => [...values])],
      element,
    );
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [seconds, series]);
  return <div ref={box} className={css.chart} role="img" aria-label={label} />;
};
