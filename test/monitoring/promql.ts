import { parser } from "@prometheus-io/lezer-promql";

/** A metric that an expression reads, and the labels that it asks for. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What an expression reads; throws with the place where it is no PromQL. */
export const selectorsOf = (expr: string): Selector[] => {
  const found: { metric: string; labels: string[] }[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, name, from, to }) => {
      const text = expr.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}, '${expr.slice(from)}': ${expr}`);
      if (name === "VectorSelector") found.push({ metric: "", labels: [] });
      const latest = found.at(-1);
      if (name === "Identifier" && latest?.metric === "") latest.metric = text;
      const isMatched = name === "UnquotedLabelMatcher" || name === "QuotedLabelMatcher";
      if (isMatched) latest?.labels.push(/^"?(\w+)/.exec(text)?.[1] ?? text);
    },
  });
  return found;
};

/** An expression of a dashboard as Prometheus takes it, with everything chosen. */
export const withoutVariables = (expr: string, rateInterval = "5m", range = "3h"): string =>
  expr
    .replaceAll("$__rate_interval", rateInterval)
    .replaceAll("$__range", range)
    .replaceAll(/\$(namespace|workspace)\b/g, ".*");
