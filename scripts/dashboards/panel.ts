import type {
  DashboardLink,
  FieldConfig,
  Panel as GrafanaPanel,
  ThresholdsConfig,
  ThresholdsMode,
} from "@grafana/schema";

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
  /** From which values on it is a warning and a trouble; downwards where the second is below the first. */
  readonly levels?: readonly [warning: number, trouble: number];
  /** A line that is to stay above what is shown; the axis then fits what is shown. */
  readonly objective?: number;
  /** Names of alerts: each has a runbook. */
  readonly alerts?: readonly string[];
}

type Queries = Readonly<Record<string, string>>;
type Looks = Pick<Panel, "isStacked" | "alerts" | "levels" | "objective">;

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
  title: panel.isStacked === true ? `${panel.title} (stacked)` : panel.title,
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
    // A point is one observation whose trace is kept: it leads there where the data source says to which (monitoring.md).
    ...(panel.kind === "timeseries" && expr.includes("_bucket") ? { exemplar: true } : {}),
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

/** Whatever the processes warned of, in Loki's language; containers are called so in deploy/k8s. */
const LOG_QUERY =
  '{container=~"dispatcher|subscriptions", namespace=~"${namespace:regex}"} | json | level=~"warn|error|fatal"';

/** For an address, but for Grafana's variables: it finds them by these very characters. */
const encoded = (text: string): string =>
  text
    .split(/(\$\{[\w:]+\})/)
    .map((part, n) => (n % 2 === 1 ? part : encodeURIComponent(part)))
    .join("");

/** Grafana's page of the data source that is chosen as `logs`, in the time that a panel shows. */
const WARNINGS = {
  title: "Warnings and errors in the logs of this time",
  url: `/explore?schemaVersion=1&panes=${encoded(
    JSON.stringify({
      logs: {
        datasource: "${logs}",
        queries: [{ refId: "A", expr: LOG_QUERY }],
        range: { from: "${__from}", to: "${__to}" },
      },
    }),
  )}`,
  targetBlank: true,
};

const fieldDefaults = (panel: Panel): FieldConfig => {
  const { kind, unit, isStacked = false, objective } = panel;
  const isWhole = unit === "percentunit" && objective === undefined;
  const shared = {
    unit,
    thresholds: thresholdsOf(panel),
    links: [WARNINGS],
    ...(isWhole ? { min: 0, max: 1 } : {}),
  };
  if (kind !== "timeseries") return shared;
  const custom = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: isStacked ? 40 : 8,
    showPoints: "never",
    stacking: { mode: isStacked ? "normal" : "none", group: "A" },
    thresholdsStyle: { mode: objective === undefined ? "off" : "dashed" },
  };
  return { ...shared, min: 0, custom };
};

/** The step that begins below all values: null is Grafana's least. */
const first = (color: string) => ({ color, value: null as unknown as number });

/** Green, yellow, red by the levels; red above an objective; grey where a number is neither good nor bad. */
const thresholdsOf = ({ levels, objective }: Panel): ThresholdsConfig => {
  const steps = (): ThresholdsConfig["steps"] => {
    if (objective !== undefined) return [first("green"), { color: "red", value: objective }];
    if (levels === undefined) return [first("text")];
    const [warning, trouble] = levels;
    if (trouble >= warning)
      return [
        first("green"),
        { color: "yellow", value: warning },
        { color: "red", value: trouble },
      ];
    return [first("red"), { color: "yellow", value: trouble }, { color: "green", value: warning }];
  };
  return { mode: "absolute" as ThresholdsMode, steps: steps() };
};

const OPTIONS: Readonly<Record<Panel["kind"], Record<string, unknown>>> = {
  stat: {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    colorMode: "background",
    graphMode: "none",
    textMode: "auto",
  },
  timeseries: {
    legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull"] },
    tooltip: { mode: "multi", sort: "desc" },
  },
  table: { showHeader: true },
};
