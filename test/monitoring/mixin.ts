import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";

export const ROOT = resolve(import.meta.dirname, "../..");
const MONITORING = join(ROOT, "deploy/monitoring");
export const RUNBOOKS = join(ROOT, "docs/runbooks");

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly path: string;
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly (RecordingRule | AlertRule)[];
  }[];
}

export interface PanelOnDisk {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly exemplar?: boolean;
  }[];
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly links?: readonly { readonly url: string }[];
      readonly thresholds?: {
        readonly steps: readonly { readonly color: string; readonly value: number | null }[];
      };
      readonly custom?: {
        readonly stacking: { readonly mode: string };
        readonly thresholdsStyle?: { readonly mode: string };
      };
    };
  };
}

export interface DashboardOnDisk {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly name: string }[];
  };
  readonly links: readonly { readonly type: string; readonly tags: readonly string[] }[];
  readonly panels: readonly PanelOnDisk[];
}

const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => join(folder, name));

export const ruleFiles: readonly RuleFile[] = filesOf(join(MONITORING, "rules"), ".yaml").map(
  (path) => ({ path, ...(parse(readFileSync(path, "utf8")) as Omit<RuleFile, "path">) }),
);

export const testFiles: readonly string[] = filesOf(join(MONITORING, "tests"), ".yaml");

const rules = ruleFiles.flatMap(({ groups }) => groups.flatMap((group) => group.rules));

export const alerts: readonly AlertRule[] = rules.filter((rule) => "alert" in rule);
export const recordingRules: readonly RecordingRule[] = rules.filter((rule) => "record" in rule);
export const alertNames: readonly string[] = [
  ...new Set(alerts.map(({ alert }) => alert)),
].toSorted();

export const dashboards: readonly DashboardOnDisk[] = filesOf(
  join(MONITORING, "dashboards"),
  ".json",
).map((path) => JSON.parse(readFileSync(path, "utf8")) as DashboardOnDisk);

/** All panels that show something, each with its dashboard's title. */
export const panels: readonly (PanelOnDisk & { readonly dashboard: string })[] = dashboards.flatMap(
  ({ title, panels: all }) =>
    all.filter(({ type }) => type !== "row").map((panel) => ({ ...panel, dashboard: title })),
);

export const panelExpressions: readonly { readonly where: string; readonly expr: string }[] =
  panels.flatMap(({ dashboard, title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `${dashboard}: ${title}`, expr })),
  );

/** Runbooks by the alerts that they are named for. */
export const runbooks: ReadonlyMap<string, string> = new Map(
  filesOf(RUNBOOKS, ".md")
    .map((path) => [basename(path, ".md"), readFileSync(path, "utf8")] as const)
    .filter(([name]) => name !== "README"),
);

/** The blocks of one language in a runbook, with its name. */
export const runbookBlocks = (language: string): { runbook: string; text: string }[] =>
  [...runbooks].flatMap(([runbook, page]) =>
    [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
      .filter(([, found]) => found === language)
      .map(([, , text = ""]) => ({ runbook, text })),
  );

export const runbookExpressions: readonly { readonly expr: string }[] = runbookBlocks("promql").map(
  ({ text }) => ({ expr: text }),
);
