import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  dashboardPath,
  DASHBOARDS,
  dashboardText,
  runbookBaseUrl,
} from "../../scripts/dashboards.ts";
import { shownValue } from "../../scripts/dashboards/shown-value.ts";
import { alertNames, dashboards, panels, ROOT } from "./mixin.ts";

test("there are three: Delivery, Pipeline and Runtime", () => {
  const titles = dashboards.map(({ title }) => title);
  expect(titles.toSorted()).toEqual([
    "Ringback / Delivery",
    "Ringback / Pipeline",
    "Ringback / Runtime",
  ]);
});

test("each file is what `make dashboards` writes", async () => {
  const baseUrl = await runbookBaseUrl();
  for (const dashboard of DASHBOARDS) {
    const text = await dashboardText(dashboard, baseUrl);
    expect(readFileSync(dashboardPath(dashboard), "utf8")).toBe(text);
  }
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  "%s",
  (_title, dashboard) => {
    const shown = dashboard.panels.filter(({ type }) => type !== "row");

    test("is of a schema that Grafana 12 and newer take as it is", () => {
      expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
      expect(dashboard.uid).toMatch(/^ringback-[a-z]+$/);
    });

    test("lets people choose the data source, and every panel uses the one chosen", () => {
      const [first] = dashboard.templating.list;
      expect(first).toMatchObject({ type: "datasource", name: "datasource" });
      const others = shown.filter(({ datasource }) => datasource?.uid !== "${datasource}");
      expect(others.map(({ title }) => title)).toEqual([]);
    });

    test("leads from each panel to the logs of its time, and to the traces of what took long", () => {
      for (const { title, fieldConfig, targets = [], type } of shown) {
        const [link] = fieldConfig?.defaults.links ?? [];
        const [, panes = ""] = link?.url.split("panes=") ?? [];
        expect({ title, ...JSON.parse(decodeURIComponent(panes)) }).toEqual({
          title,
          logs: {
            datasource: "${logs}",
            queries: [
              { refId: "A", expr: expect.stringContaining('namespace=~"${namespace:regex}"') },
            ],
            range: { from: "${__from}", to: "${__to}" },
          },
        });
        const traced =
          type === "timeseries" ? targets.filter(({ expr }) => expr.includes("_bucket")) : [];
        expect(traced.filter(({ exemplar }) => exemplar !== true)).toEqual([]);
      }
      expect(dashboard.templating.list).toContainEqual(
        expect.objectContaining({ type: "datasource", name: "logs", query: "loki" }),
      );
    });

    test("leads to the other two", () => {
      const [link] = dashboard.links;
      expect([link?.type, link?.tags, dashboard.tags]).toEqual([
        "dashboards",
        ["ringback"],
        ["ringback"],
      ]);
    });

    test("every panel has a title of its own, a description, a unit and a legend", () => {
      const titles = shown.map(({ title }) => title);
      expect([titles.length, titles.includes("")]).toEqual([new Set(titles).size, false]);
      const poor = shown.filter(({ description = "", fieldConfig, targets = [] }) => {
        const unit = fieldConfig?.defaults.unit ?? "";
        const hasLegends = targets.length > 0 && targets.every(({ legendFormat: l }) => l !== "");
        return description.length < 20 || unit === "" || !hasLegends;
      });
      expect(poor.map(({ title }) => title)).toEqual([]);
    });

    test("no panel covers another, and none has the number of another", () => {
      const covered = new Set<string>();
      const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
      );
      const twice = cells.filter((cell) => covered.size === covered.add(cell).size);
      expect(twice).toEqual([]);
      expect(Math.max(...cells.map((cell) => Number(cell.split(" ")[0])))).toBeLessThan(24);
      expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    });
  },
);

test("every unit is one that Grafana and the pictures in the documents know", () => {
  const units = panels.map(({ fieldConfig }) => fieldConfig?.defaults.unit ?? "");
  for (const unit of units) expect(shownValue(1, unit)).not.toBe("");
});

test("every alert has a panel that leads to its runbook, and no other is named", async () => {
  const baseUrl = await runbookBaseUrl();
  const links = panels.flatMap((panel) => panel.links ?? []);
  const named = links.map(({ title, url }) => [title.replace("Runbook: ", ""), url]);
  expect(named.filter(([alert, url]) => url !== `${baseUrl}/${alert}.md`)).toEqual([]);
  expect([...new Set(named.map(([alert = ""]) => alert))].toSorted()).toEqual(alertNames);
});

test("every stat has colours that say whether its number is good, or is one that is neither", () => {
  const neither = ["Attempts now", "Subscriptions", "Processes"];
  const colours = panels
    .filter(({ type }) => type === "stat")
    .map(({ title, fieldConfig }) => [title, fieldConfig?.defaults.thresholds?.steps.length]);
  const wrong = colours.filter(
    ([title, steps]) => steps !== (neither.includes(String(title)) ? 1 : 3),
  );
  expect([colours.length > 15, wrong]).toEqual([true, []]);
});

test("a service level in seconds is a line where it is named", () => {
  const named = panels.flatMap(({ description = "", type, fieldConfig }) => {
    const [, seconds] = /service level: .* within (\d+) s/.exec(description) ?? [];
    const steps = fieldConfig?.defaults.thresholds?.steps ?? [];
    return seconds === undefined || type !== "timeseries" ? [] : [[Number(seconds), steps.at(-1)]];
  });
  expect(named).toEqual([[5, { color: "red", value: 5 }]]);
});

test("lines are never the highest of all installations beside those of one", () => {
  const lines = panels
    .filter(({ type, targets = [] }) => type === "timeseries" && targets.length > 1)
    .flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  expect(lines.filter(({ expr }) => /^(max|min) ?\(/.test(expr))).toEqual([]);
});

test("what stacks says so in its title", () => {
  const wrong = panels.filter(({ title, fieldConfig }) => {
    const isStacked = fieldConfig?.defaults.custom?.stacking.mode === "normal";
    return isStacked !== title.endsWith("(stacked)");
  });
  expect(wrong.map(({ title }) => title)).toEqual([]);
});

test("the pictures in the documents are of these dashboards", () => {
  for (const { uid, panels: all } of dashboards) {
    const svg = readFileSync(join(ROOT, `docs/images/${uid}.svg`), "utf8");
    const drawn = [...svg.matchAll(/font-weight="bold">([^<]+)</g)].map(([, title]) => title);
    const shown = all.filter(({ type }) => type !== "row").map(({ title }) => title);
    expect(drawn.slice(1)).toEqual(shown);
  }
});
