import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { spawnTracked } from "../harness/process/child-process.ts";
import { eventually } from "../harness/eventually.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

export interface PrometheusOptions {
  readonly binary: string;
  /** Jobs by name, with the addresses of their processes' admin ports. */
  readonly jobs: Readonly<Record<string, readonly string[]>>;
  readonly groups: readonly object[];
  /** The configuration file's text, in place of what is made of the jobs. */
  readonly config?: string;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Range {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

export interface Prometheus {
  query(expr: string): Promise<readonly Sample[]>;
  /** Each second from then to now. */
  range(expr: string, fromSeconds: number, toSeconds: number): Promise<readonly Range[]>;
  firing(): Promise<readonly FiringAlert[]>;
  /** Rules that could not be evaluated, each with its error. */
  brokenRules(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** A real Prometheus on 127.0.0.1 that scrapes and evaluates every second. */
export const startPrometheus = async (options: PrometheusOptions): Promise<Prometheus> => {
  const folder = await makeTempDir("prometheus");
  const configFile = join(folder, "prometheus.yml");
  await writeFile(join(folder, "rules.yml"), stringify({ groups: options.groups }));
  await writeFile(configFile, options.config ?? stringify(configOf(options.jobs)));
  const server = await spawnTracked(
    options.binary,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  server.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  try {
    const url = await eventually(() => addressIn(log), {
      what: "Prometheus listens",
      timeoutMs: 60_000,
      giveUpWhen: () => (server.exit() === null ? null : `it ended\n${log}`),
    });
    return { ...asking(url), stop: () => server.kill("SIGTERM").then(() => undefined) };
  } catch (error) {
    await server.kill();
    throw error;
  }
};

/** `namespace` is what Kubernetes would put on each series. */
const configOf = (jobs: PrometheusOptions["jobs"]): object => ({
  global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
  rule_files: ["rules.yml"],
  scrape_configs: Object.entries(jobs).map(([job, urls]) => ({
    job_name: job,
    static_configs: [
      { targets: urls.map((url) => new URL(url).host), labels: { namespace: "proof" } },
    ],
  })),
});

const addressIn = (log: string): string | null => {
  const listening = /msg="Listening on".*\baddress=(\S+)/.exec(log)?.[1];
  return listening === undefined || !log.includes("Server is ready") ? null : `http://${listening}`;
};

const asking = (url: string): Omit<Prometheus, "stop"> => {
  const ask = async <T>(path: string, query: Record<string, string> = {}): Promise<T> => {
    const asked = `${url}/api/v1/${path}?${new URLSearchParams(query).toString()}`;
    const answer = await fetch(asked, { signal: AbortSignal.timeout(10_000) });
    const body = (await answer.json()) as { status: string; error?: string; data: T };
    if (body.status !== "success") throw new Error(`${query["query"] ?? path}: ${body.error}`);
    return body.data;
  };
  return {
    query: async (query) => (await ask<{ result: Sample[] }>("query", { query })).result,
    range: async (query, from, to) => {
      const span = { start: String(from), end: String(to), step: "1" };
      return (await ask<{ result: Range[] }>("query_range", { query, ...span })).result;
    },
    firing: async () => {
      const { alerts } = await ask<{ alerts: FiringAlert[] }>("alerts");
      return alerts.filter(({ state }) => state === "firing");
    },
    brokenRules: async () => {
      type Rule = { readonly name: string; readonly lastError?: string };
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>("rules");
      return groups.flatMap(({ rules }) =>
        rules
          .filter(({ lastError = "" }) => lastError !== "")
          .map(({ name, lastError }) => `${name}: ${lastError}`),
      );
    },
  };
};
