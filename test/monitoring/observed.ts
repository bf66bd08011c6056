import { eventually } from "../harness/eventually.ts";
import { panelExpressions, recordingRules } from "./mixin.ts";
import type { Prometheus, Sample } from "./prometheus-server.ts";
import { selectorsOf, withoutVariables } from "./promql.ts";
import { shortenedExpression } from "./shortened.ts";

/** Names of the alerts about a workspace that fire. */
export const firingAbout = async (workspaceId: string, prometheus: Prometheus): Promise<string[]> =>
  (await prometheus.firing())
    .filter(({ labels }) => labels["workspace_id"] === workspaceId)
    .map(({ labels }) => labels["alertname"] ?? "");

/** Metrics that jobs and exporters of others write, or that only a container or a collector of traces brings about. */
export const isOfOthers = (metric: string): boolean =>
  /^(gnatsd|nats)_varz_|^ringback_(backup_|memory_limit_bytes$|spans_dropped)/.test(metric) ||
  metric === "ALERTS" ||
  metric === "job_instance:ringback_memory:ratio";

/** Every recording rule and panel that has no number yet after some patience; none, when all is well. */
export const withoutData = async (prometheus: Prometheus): Promise<readonly string[]> => {
  const all = [
    ...recordingRules.map(({ record }) => ({ where: record, expr: record })),
    ...panelExpressions.map(({ where, expr }) => ({
      where,
      expr: withoutVariables(shortenedExpression(expr), "10s", "30s"),
    })),
  ];
  const own = all.filter(({ expr }) => !selectorsOf(expr).some(({ metric }) => isOfOthers(metric)));
  let silent = own.map(({ where }) => where);
  const isAllSaid = async (): Promise<boolean> => {
    const asked = await Promise.all(
      own.map(async ({ where, expr }) => ({ where, has: hasNumber(await prometheus.query(expr)) })),
    );
    silent = asked.filter(({ has }) => !has).map(({ where }) => where);
    return silent.length === 0;
  };
  const patience = { timeoutMs: 40_000, intervalMs: 1_000 };
  // What is missing is the answer: it tells more than that the time was over.
  await eventually(isAllSaid, patience).catch(() => undefined);
  return silent;
};

const hasNumber = (samples: readonly Sample[]): boolean =>
  samples.some(({ value: [, text] }) => !Number.isNaN(Number(text)));
