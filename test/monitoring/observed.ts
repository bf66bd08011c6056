import { eventually } from "../harness/eventually.ts";
import { panelExpressions, recordingRules } from "./mixin.ts";
import type { Prometheus, Sample } from "./prometheus-server.ts";
import { withoutVariables } from "./promql.ts";
import { shortenedExpression } from "./shortened.ts";

/** Names of the alerts about a workspace that fire. */
export const firingAbout = async (workspaceId: string, prometheus: Prometheus): Promise<string[]> =>
  (await prometheus.firing())
    .filter(({ labels }) => labels["workspace_id"] === workspaceId)
    .map(({ labels }) => labels["alertname"] ?? "");

/** Every recording rule and panel that has no number yet after some patience; none, when all is well. */
export const withoutData = async (prometheus: Prometheus): Promise<readonly string[]> => {
  const all = [
    ...recordingRules.map(({ record }) => ({ where: record, expr: record })),
    ...panelExpressions.map(({ where, expr }) => ({
      where,
      expr: withoutVariables(shortenedExpression(expr), "10s", "30s"),
    })),
  ];
  let silent = all.map(({ where }) => where);
  const isAllSaid = async (): Promise<boolean> => {
    const asked = await Promise.all(
      all.map(async ({ where, expr }) => ({ where, has: hasNumber(await prometheus.query(expr)) })),
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
