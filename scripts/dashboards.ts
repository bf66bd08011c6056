import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { format } from "prettier";
import { type Dashboard, grafanaDashboard } from "./dashboards/dashboard.ts";
import { delivery } from "./dashboards/delivery.ts";
import { pipeline } from "./dashboards/pipeline.ts";
import { runtime } from "./dashboards/runtime.ts";

export const DASHBOARDS: readonly Dashboard[] = [delivery, pipeline, runtime];

const MONITORING = resolve(import.meta.dirname, "../deploy/monitoring");
const RUNBOOK_URL = /(?<=runbook_url: "?)[^\s"]+(?=\/\w+\.md)/g;

/** Where the runbooks are read, without a slash at the end, as the alerts have it; all have the same. */
export const runbookBaseUrl = async (): Promise<string> => {
  const found = new Set<string>();
  for (const path of await yamlFiles("rules")) {
    for (const [url] of (await readFile(path, "utf8")).matchAll(RUNBOOK_URL)) found.add(url);
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`deploy/monitoring/rules: runbook_url begins with ${[...found].join(", ")}`);
};

/** The text of a dashboard's file. */
export const dashboardText = (dashboard: Dashboard, baseUrl: string): Promise<string> =>
  format(JSON.stringify(grafanaDashboard(dashboard, baseUrl)), { parser: "json", printWidth: 100 });

export const dashboardPath = ({ uid }: Dashboard): string =>
  join(MONITORING, "dashboards", `${uid}.json`);

/** A rule file, or a test of one, whose alerts have their runbooks at another place. */
export const withRunbookBaseUrl = (text: string, baseUrl: string): string =>
  text.replaceAll(RUNBOOK_URL, () => baseUrl);

/** `RUNBOOK_BASE_URL` without slashes at its end; throws when it is none that a link can begin with. */
export const parseRunbookBaseUrl = (wish: string): string => {
  if (URL.canParse(wish) && /^https?:\/\/[^\s"'\\]+$/.test(wish)) return wish.replace(/\/+$/, "");
  const expected = "a URL such as https://git.example.com/ringback/docs/runbooks";
  throw new Error(`RUNBOOK_BASE_URL: '${wish}' is not ${expected}`);
};

const setRunbookBaseUrl = async (baseUrl: string): Promise<void> => {
  for (const path of [...(await yamlFiles("rules")), ...(await yamlFiles("tests"))]) {
    await writeFile(path, withRunbookBaseUrl(await readFile(path, "utf8"), baseUrl));
  }
};

const yamlFiles = async (folder: string): Promise<string[]> => {
  const names = await readdir(join(MONITORING, folder));
  return names
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(MONITORING, folder, name));
};

if (import.meta.main) {
  const wish = process.env["RUNBOOK_BASE_URL"] ?? "";
  if (wish !== "") await setRunbookBaseUrl(parseRunbookBaseUrl(wish));
  const baseUrl = await runbookBaseUrl();
  await mkdir(join(MONITORING, "dashboards"), { recursive: true });
  for (const dashboard of DASHBOARDS) {
    await writeFile(dashboardPath(dashboard), await dashboardText(dashboard, baseUrl));
    console.log(`${dashboard.title}: ${dashboardPath(dashboard)}`);
  }
}
