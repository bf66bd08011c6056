import type { AlertRule, RecordingRule, RuleFile } from "../mixin.ts";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const SHORTEST_SECONDS = 6;

/** `5m` at a twentieth is `15s`. */
const shorter = (duration: string, scale: number): string => {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Error(`'${duration}' is no duration such as 5m`);
  return `${Math.max(SHORTEST_SECONDS, Math.round(seconds / scale))}s`;
};

/** The rules with each window, offset, forecast and `for` that many times shorter; thresholds stay as they are. */
export const scaled = (files: readonly RuleFile[], scale: number): RuleFile["groups"] =>
  files.flatMap(({ groups }) =>
    groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => scaledRule(rule, scale)),
    })),
  );

const scaledRule = (rule: RecordingRule | AlertRule, scale: number): RecordingRule | AlertRule => ({
  ...rule,
  expr: rule.expr
    .replaceAll(
      /(\[|\boffset )(\d+[smhd])\b/g,
      (_all, before: string, window: string) => before + shorter(window, scale),
    )
    .replaceAll(
      /(predict_linear\([^[]+\[\w+\], )([\d *]+)\)/g,
      (_all, before: string, ahead: string) => {
        const seconds = ahead.split("*").reduce((product, factor) => product * Number(factor), 1);
        return `${before}${seconds / scale})`;
      },
    ),
  ...("alert" in rule && rule.for !== undefined ? { for: shorter(rule.for, scale) } : {}),
});
