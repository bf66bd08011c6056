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
    const shown = panels.filter(({ type }) => type === "stat" || type === "timeseries");
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
      return found.map(({ metric, values }) => ({
        name: legendFormat.replaceAll(
          /\{\{(\w+)\}\}/g,
          (_all, label: string) => metric[label] ?? "",
        ),
        points: values.map(([time, value]) => [time, Number(value)] as const),
      }));
    }),
  );
  const custom = panel.fieldConfig?.defaults.custom;
  return {
    title: panel.title,
    kind: panel.type === "stat" ? "stat" : "timeseries",
    unit: panel.fieldConfig?.defaults.unit ?? "",
    isStacked: custom?.stacking.mode === "normal",
    lines: lines.flat(),
  };
};
