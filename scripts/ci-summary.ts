import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

/** What one run of CI came to, in the numbers of its closing line. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** why something counts as failed that is no failed test, for people */
  readonly notes: readonly string[];
}

/** The part of vitest's JSON report (the shape is Jest's) that is counted here. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

interface Run {
  /** text of vitest's JSON report, undefined where it wrote none */
  readonly report: string | undefined;
  readonly testExitCode: number;
  readonly checkExitCode: number;
}

/**
 * Counts tests, and one failure for each thing that went wrong without a test that says so: a
 * file that did not load or whose hook failed, a run that broke down, a failed `make check`.
 * Numbers that are all well while `make` failed would be a lie.
 */
export function summaryOf({ report, testExitCode, checkExitCode }: Run): Summary {
  const parsed = parseReport(report);
  const files = parsed?.testResults ?? [];
  const statuses = files.flatMap((file) => file.assertionResults.map(({ status }) => status));
  const brokenFiles = files.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  const notes = brokenFiles.map((file) => `${file.name}: ${file.message || "did not run"}`);
  const passed = statuses.filter((status) => status === "passed").length;
  const failedTests = statuses.filter((status) => status === "failed").length;

  if (parsed === undefined) {
    notes.push(`make test: no readable results, exit code ${testExitCode}`);
  } else if (failedTests + notes.length === 0 && testExitCode !== 0) {
    notes.push(`make test: exit code ${testExitCode} without a failed test`);
  } else if (statuses.length === 0 && notes.length === 0) {
    notes.push("make test: there was no test to run");
  }
  if (checkExitCode !== 0) notes.push(`make check: exit code ${checkExitCode}`);
  return {
    passed,
    failed: failedTests + notes.length,
    skipped: statuses.length - passed - failedTests,
    notes,
  };
}

/** A report that was cut off or has another shape is as good as none. */
function parseReport(text: string | undefined): VitestReport | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isVitestReport(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isVitestReport(value: unknown): value is VitestReport {
  if (typeof value !== "object" || value === null || !("testResults" in value)) return false;
  const { testResults } = value;
  return (
    Array.isArray(testResults) &&
    testResults.every(
      (file: unknown) =>
        typeof file === "object" &&
        file !== null &&
        "assertionResults" in file &&
        Array.isArray(file.assertionResults),
    )
  );
}

/** `--report FILE --test-exit N --check-exit N`; exits 0 only when something passed and nothing failed. */
async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { report: text, "test-exit": text, "check-exit": text },
  });
  const summary = summaryOf({
    report: await readFile(values.report ?? "", "utf8").catch(() => undefined),
    testExitCode: exitCode("--test-exit", values["test-exit"]),
    checkExitCode: exitCode("--check-exit", values["check-exit"]),
  });
  for (const note of summary.notes) console.log(`failed: ${note}`);
  if (summary.skipped > 0) console.log(`skipped tests: ${summary.skipped}`);
  console.log(`${summary.passed} passed, ${summary.failed} failed`);
  process.exitCode = summary.failed === 0 && summary.passed > 0 ? 0 : 1;
}

function exitCode(option: string, value: string | undefined): number {
  if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  throw new Error(`${option}: '${value ?? ""}', expected an exit code such as 0`);
}

if (import.meta.main) await main();
