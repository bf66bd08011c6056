import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { picture, type PicturePanel } from "../../scripts/dashboards/picture.ts";
import { dashboards, type PanelOnDisk } from "./mixin.ts";
import type { Prometheus } from "./prometheus-server.ts";
import { withoutVariables } from "./promql.ts";
import { shortenedExpression } from "./shortened.ts";

/** Draws each dashboard's panels from what Prometheus holds since then, as SVG files in the folder. */
export const drawPictures = async (
  folder: string,
  prometheus: Prometheus,
  fromSeconds: number,
): Promise<void> => {
  const toSeconds = Date.now() / 1_000;
  await mkdir(folder, { recursive: true });
  for (const { title, uid, panels } of dashboards) {
    const shown = panels.filter(({ type }) => type !== "row");
    const drawn = await Promise.all(
      shown.map((panel) => panelFrom(panel, prometheus, fromSeconds, toSeconds)),
    );
    await writeFile(join(folder, `${uid}.svg`), picture(title, drawn));
  }
};

const panelFrom = async (
  panel: PanelOnDisk,
  prometheus: Prometheus,
  fromSeconds: number,
  toSeconds: number,
): Promise<PicturePanel> => {
  const lines = await Promise.all(
    (panel.targets ?? []).map(async ({ expr, legendFormat }) => {
      const asked = withoutVariables(shortenedExpression(expr), "10s", "300s");
      const found = await prometheus.range(asked, fromSeconds, toSeconds);
      const name = (metric: Readonly<Record<string, string>>): string =>
        panel.type === "table"
          ? Object.values(metric).filter(Boolean).join(" · ")
          : legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_all, label: string) => metric[label] ?? "");
      return found.map(({ metric, values }) => ({
        name: name(metric),
        points: values.map(([time, value]) => [time, Number(value)] as const),
      }));
    }),
  );
  const { custom, unit = "", thresholds } = panel.fieldConfig?.defaults ?? {};
  const kind = panel.type === "stat" || panel.type === "table" ? panel.type : "timeseries";
  const hasSteps = kind === "stat" || custom?.thresholdsStyle?.mode === "dashed";
  return {
    title: panel.title,
    kind,
    unit,
    isStacked: custom?.stacking.mode === "normal",
    // A table shows what is there at the end.
    lines: lines.flat().filter(({ points }) => kind !== "table" || isLast(points, toSeconds)),
    steps: hasSteps ? (thresholds?.steps ?? []) : [],
  };
};

const isLast = (points: readonly (readonly [number, number])[], toSeconds: number): boolean =>
  (points.at(-1)?.[0] ?? 0) > toSeconds - 3;
