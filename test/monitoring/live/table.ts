import type { Expected } from "./expected.ts";
import { keyOf, type Watch } from "./watch.ts";

interface Found {
  /** Rules as they ship, and rules with shortened windows; alone: of a Prometheus without targets of ours. */
  readonly real: Watch;
  readonly fast: Watch;
  readonly realAlone: Watch;
  readonly fastAlone: Watch;
  readonly failedMs: ReadonlyMap<string, number>;
  readonly mendedMs: number;
}

interface Judged extends Expected {
  readonly shippedSeconds: number | undefined;
  readonly shortSeconds: number | undefined;
  readonly resolvedSeconds: number | undefined;
  readonly isRight: boolean;
}

/** Scrapes, evaluations and looks that follow each other, on a busy machine. */
const SLACK_SECONDS = 60;

/** How long each alert took, and whether that is within what its text says. */
export const judged = (wanted: readonly Expected[], found: Found): readonly Judged[] =>
  wanted.map((one) => {
    const { scene, alert, severity, withinMinutes } = one;
    const key = keyOf(scene, alert, severity);
    const [real, fast] =
      scene === "" ? [found.realAlone, found.fastAlone] : [found.real, found.fast];
    const failedMs = found.failedMs.get(scene) ?? 0;
    const seconds = (ms: number | undefined): number | undefined =>
      ms === undefined ? undefined : Math.max(0, (ms - failedMs) / 1_000);
    const shippedSeconds = seconds(real.seen.get(key)?.firstMs);
    const short = fast.seen.get(key);
    const shortSeconds = seconds(short?.firstMs);
    const isShort = shortSeconds !== undefined;
    // One that was not seen is right only where the failure did not last as long as its text says.
    const waitedSeconds = shippedSeconds ?? (found.mendedMs - failedMs) / 1_000;
    const isLate = waitedSeconds > withinMinutes * 60 + SLACK_SECONDS;
    const isInTime = !isLate && (shippedSeconds !== undefined || isShort);
    const lastMs = short?.lastMs ?? 0;
    const isOver = isShort && scene !== "" && performance.now() - lastMs > 10_000;
    const resolvedSeconds = isOver ? Math.max(0, (lastMs - found.mendedMs) / 1_000) : undefined;
    return { ...one, shippedSeconds, shortSeconds, resolvedSeconds, isRight: isShort && isInTime };
  });

const text = (seconds: number | undefined): string =>
  seconds === undefined ? "-" : seconds.toFixed(0);

/** The rows as a table in Markdown. */
export const table = (rows: readonly Judged[]): string => {
  const lines = rows.map(
    (row) =>
      `| ${row.alert} (${row.severity}) | ${row.failure} | ${row.withinMinutes * 60} | ${text(row.shippedSeconds)} | ${text(row.shortSeconds)} | ${text(row.resolvedSeconds)} | ${row.isRight ? "yes" : "NO"} |`,
  );
  return [
    "| Rule | Failure | Says, s | Fired, s: as shipped | Fired, s: windows shortened | Resolved, s: windows shortened | Right |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
};

/** What fired in quiet, in the calm installation, or as a page where one was only taken away. */
export const unexpected = (
  fired: readonly string[],
  early: readonly string[],
): readonly string[] => {
  const inCalm = fired.filter((key) => key.startsWith("calm "));
  const pages = fired.filter((key) => /^taken-away .* critical$/.test(key));
  return [...new Set([...early, ...inCalm, ...pages])].map(
    (key) => `fired without a failure: ${key}`,
  );
};
