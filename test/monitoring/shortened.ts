import type { AlertRule, RecordingRule, RuleFile } from "./mixin.ts";

/** Rates are taken over ten scrapes and more, as they are over five minutes of scrapes every 30 s. */
const WINDOWS: Readonly<Record<string, string>> = {
  "1m": "5s",
  "2m": "6s",
  "3m": "8s",
  "4m": "9s",
  "5m": "10s",
  "10m": "12s",
  "15m": "12s",
  "30m": "15s",
  "1h": "20s",
  "2h": "20s",
  "6h": "25s",
  "1d": "30s",
  "3d": "30s",
};

/** The expression over seconds in place of minutes and days; throws at a window that is not known here. */
export const shortenedExpression = (expr: string): string =>
  expr.replaceAll(/(\[|\boffset )(\d+[smhdw])\b/g, (_all, before: string, window: string) => {
    const short = WINDOWS[window];
    if (short === undefined) throw new Error(`${window} has no short form: ${expr}`);
    return `${before}${short}`;
  });

/** The same rules, made to be watched for a minute: short windows, and alerts that wait 2 s. */
export const shortened = (files: readonly RuleFile[]): RuleFile["groups"] =>
  files.flatMap(({ groups }) =>
    groups.map(({ name, rules }) => ({ name, rules: rules.map(shortenedRule) })),
  );

const shortenedRule = (rule: RecordingRule | AlertRule): RecordingRule | AlertRule => ({
  ...rule,
  expr: shortenedExpression(rule.expr),
  ...("alert" in rule ? { for: "2s" } : {}),
});
