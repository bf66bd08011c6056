import type { DashboardLink, FieldConfig, Panel as GrafanaPanel } from "@grafana/schema";

/** A query and how its series are called in the legend. */
interface Query {
  readonly expr: string;
  /** Such as `{{outcome}}`. */
  readonly legend: string;
}

/** What is said about a panel; where it stands and how it looks follows from that. */
export interface Panel {
  readonly title: string;
  /** What it shows, and what is to be done about it: read by somebody at night. */
  readonly description: string;
  readonly kind: "stat" | "timeseries" | "table";
  /** One of Grafana's units: `s`, `bytes`, `percentunit`, `short`, `reqps`, … */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly isStacked?: boolean;
  /** Names of alerts: each has a runbook. */
  readonly alerts?: readonly string[];
}

type Queries = Readonly<Record<string, string>>;
type Looks = Pick<Panel, "isStacked" | "alerts">;

const panelOf =
  (kind: Panel["kind"]) =>
  (
    title: string,
    unit: string,
    description: string,
    queries: Queries,
    looks: Looks = {},
  ): Panel => ({
    kind,
    title,
    unit,
    description,
    queries: Object.entries(queries).map(([legend, expr]) => ({ legend, expr })),
    ...looks,
  });

/** A number; `queries` are expressions by their legends. */
export const stat = panelOf("stat");

/** Lines over time. */
export const graph = panelOf("timeseries");

/** A row for each series. */
export const table = panelOf("table");

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** The panel as Grafana reads it. */
export const grafanaPanel = (
  panel: Panel,
  id: number,
  gridPos: Place,
  runbookBaseUrl: string,
): GrafanaPanel => ({
  id,
  type: panel.kind,
  title: panel.title,
  description: panel.description,
  datasource: DATASOURCE,
  gridPos,
  links: (panel.alerts ?? []).map((alert) =>
    linkTo(`Runbook: ${alert}`, `${runbookBaseUrl}/${alert}.md`),
  ),
  targets: panel.queries.map(({ expr, legend }, n) => ({
    refId: String.fromCodePoint("A".codePointAt(0)! + n),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...(panel.kind === "timeseries" ? { range: true } : { instant: true, range: false }),
    ...(panel.kind === "table" ? { format: "table" } : {}),
  })),
  fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
  options: OPTIONS[panel.kind],
});

const linkTo = (title: string, url: string): DashboardLink => ({
  type: "link",
  title,
  url,
  tooltip: "",
  icon: "external link",
  tags: [],
  asDropdown: false,
  includeVars: false,
  keepTime: false,
  targetBlank: true,
});

const fieldDefaults = ({ kind, unit, isStacked = false }: Panel): FieldConfig => {
  const shared = { unit, ...(unit === "percentunit" ? { min: 0, max: 1 } : {}) };
  if (kind !== "timeseries") return shared;
  const custom = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: isStacked ? 40 : 8,
    showPoints: "never",
    stacking: { mode: isStacked ? "normal" : "none", group: "A" },
  };
  return { ...shared, min: 0, custom };
};

const OPTIONS: Readonly<Record<Panel["kind"], Record<string, unknown>>> = {
  stat: {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    colorMode: "none",
    graphMode: "none",
    textMode: "auto",
  },
  timeseries: {
    legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull"] },
    tooltip: { mode: "multi", sort: "desc" },
  },
  table: { showHeader: true },
};
