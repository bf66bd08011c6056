import type {
  AnnotationQuery,
  Dashboard as GrafanaDashboard,
  Panel as GrafanaPanel,
  RowPanel,
  VariableModel,
} from "@grafana/schema";
import { grafanaPanel, type Panel, type Place } from "./panel.ts";

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  /** Whether workspaces can be chosen. */
  readonly byWorkspace?: boolean;
}

const SCHEMA_VERSION = 41;
const TAG = "ringback";
const GRID_WIDTH = 24;

/** Size of each kind, in Grafana's grid of 24 columns. */
const SIZES = {
  stat: { w: 4, h: 4 },
  timeseries: { w: 8, h: 8 },
  table: { w: 24, h: 8 },
} as const;

/** The dashboard as Grafana imports it; the data source is chosen when it is opened. */
export const grafanaDashboard = (
  dashboard: Dashboard,
  runbookBaseUrl: string,
): GrafanaDashboard => ({
  uid: dashboard.uid,
  title: dashboard.title,
  description: dashboard.description,
  tags: [TAG],
  schemaVersion: SCHEMA_VERSION,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: "30s",
  time: { from: "now-3h", to: "now" },
  timezone: "browser",
  fiscalYearStartMonth: 0,
  weekStart: "",
  annotations: { list: [firingAlerts] },
  templating: { list: variables(dashboard.byWorkspace === true) },
  links: [
    {
      type: "dashboards",
      title: "Ringback",
      tooltip: "The other dashboards",
      icon: "external link",
      tags: [TAG],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
    },
  ],
  panels: panelsOf(dashboard.rows, runbookBaseUrl),
});

const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

const firingAlertsQuery = {
  refId: "Anno",
  expr: 'ALERTS{alertname=~"Ringback.+", alertstate="firing"}',
};

/** The formats are of the data source of Prometheus, which the schema leaves open. */
const firingAlerts: AnnotationQuery & Record<"titleFormat" | "textFormat", string> = {
  name: "Firing alerts",
  datasource: DATASOURCE,
  enable: true,
  iconColor: "red",
  target: firingAlertsQuery,
  titleFormat: "{{alertname}}",
  textFormat: "{{severity}}",
};

const chosen = (name: string, label: string, query: string): VariableModel => ({
  type: "query",
  name,
  label,
  datasource: DATASOURCE,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Also what has no such label: outside of Kubernetes there is no namespace.
  allValue: ".*",
  current: { selected: true, text: ["All"], value: ["$__all"] },
});

const variables = (byWorkspace: boolean): VariableModel[] => [
  {
    type: "datasource",
    name: "datasource",
    label: "Data source",
    query: "prometheus",
    refresh: 1,
  },
  { type: "datasource", name: "logs", label: "Logs", query: "loki", refresh: 1 },
  chosen("namespace", "Namespace", "label_values(ringback_build_info, namespace)"),
  ...(byWorkspace
    ? [
        chosen(
          "workspace",
          "Workspace",
          'label_values(ringback_workspace_attempts_total{namespace=~"$namespace"}, workspace_id)',
        ),
      ]
    : []),
];

/** Rows below each other, in each the panels side by side as far as there is room. */
const panelsOf = (rows: readonly Row[], runbookBaseUrl: string): (GrafanaPanel | RowPanel)[] => {
  const found: (GrafanaPanel | RowPanel)[] = [];
  let y = 0;
  let id = 1;
  for (const row of rows) {
    found.push(rowPanel(row.title, id++, { x: 0, y, w: GRID_WIDTH, h: 1 }));
    let place: Place = { x: 0, y: y + 1, w: 0, h: 0 };
    for (const panel of row.panels) {
      place = after(place, SIZES[panel.kind]);
      found.push(grafanaPanel(panel, id++, place, runbookBaseUrl));
    }
    y = place.y + place.h;
  }
  return found;
};

const rowPanel = (title: string, id: number, gridPos: Place): RowPanel => ({
  id,
  type: "row",
  title,
  collapsed: false,
  gridPos,
  panels: [],
});

const after = (before: Place, size: { readonly w: number; readonly h: number }): Place => {
  const x = before.x + before.w;
  if (x + size.w <= GRID_WIDTH && (before.h === size.h || before.h === 0)) {
    return { x, y: before.y, ...size };
  }
  return { x: 0, y: before.y + before.h, ...size };
};
