/** The label matcher of what was chosen at the top of a dashboard. */
export const NS = 'namespace=~"$namespace"';

/** The same with the workspaces that were chosen. */
export const WS = `${NS}, workspace_id=~"$workspace"`;

/** How fast a counter grows, summed over processes, by these labels. */
export const rateBy = (labels: string, metric: string, matchers = NS): string =>
  `sum by (${labels}) (rate(${metric}{${matchers}}[$__rate_interval]))`;

/** Quantiles of a histogram, by their legends: `p50`, `p99`; by further labels where they are given. */
export const quantiles = (
  metric: string,
  shares: readonly number[],
  label?: string,
  matchers = NS,
): Record<string, string> => {
  const labels = label === undefined ? "le" : `le, ${label}`;
  return Object.fromEntries(
    shares.map((share) => [
      `p${share * 100}${label === undefined ? "" : ` {{${label}}}`}`,
      `histogram_quantile(${share}, ${rateBy(labels, `${metric}_bucket`, matchers)})`,
    ]),
  );
};

/** Of a metric that every Node.js program has, only the series of Ringback's processes. */
export const ofOurs = (expr: string): string =>
  `${expr} and on (namespace, job, instance) ringback_build_info{${NS}}`;

/** Which process: Kubernetes names its pod and component, and elsewhere there are a job and an instance. */
export const PROCESS = "{{namespace}} {{component}} {{pod}} {{job}} {{instance}}";
