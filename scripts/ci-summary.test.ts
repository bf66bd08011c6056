import { describe, expect, test } from "vitest";
import { summaryOf } from "./ci-summary.ts";

const file = (status: string, statuses: string[], message = "") => ({
  name: "some.test.ts",
  status,
  message,
  assertionResults: statuses.map((each) => ({ status: each })),
});

const reportOf = (...files: ReturnType<typeof file>[]) => JSON.stringify({ testResults: files });

const good = reportOf(file("passed", ["passed", "passed"]));

describe("the closing line of CI", () => {
  test("counts the tests of every file", () => {
    const report = reportOf(
      file("passed", ["passed", "passed", "skipped", "todo"]),
      file("failed", ["passed", "failed"]),
    );
    expect(summaryOf({ report, testExitCode: 1, checkExitCode: 0 })).toEqual({
      passed: 3,
      failed: 1,
      skipped: 2,
      notes: [],
    });
  });

  test("counts a file that did not load as one failure", () => {
    const report = reportOf(file("passed", ["passed"]), file("failed", [], "Cannot find module"));
    const summary = summaryOf({ report, testExitCode: 1, checkExitCode: 0 });
    expect(summary).toMatchObject({ passed: 1, failed: 1 });
    expect(summary.notes).toEqual(["some.test.ts: Cannot find module"]);
  });

  test("counts a file whose hook failed, so that its tests were skipped, as one failure", () => {
    const report = reportOf(file("failed", ["skipped", "skipped"]));
    const summary = summaryOf({ report, testExitCode: 1, checkExitCode: 0 });
    expect(summary).toMatchObject({ passed: 0, failed: 1, skipped: 2 });
  });

  test("counts a failed check as one failure", () => {
    const summary = summaryOf({ report: good, testExitCode: 0, checkExitCode: 2 });
    expect(summary).toMatchObject({ passed: 2, failed: 1, notes: ["make check: exit code 2"] });
  });

  test("does not say that all is well when the run failed outside of any test", () => {
    const summary = summaryOf({ report: good, testExitCode: 1, checkExitCode: 0 });
    expect(summary).toMatchObject({ passed: 2, failed: 1 });
  });

  test.each([
    ["no report", undefined],
    ["an empty report", ""],
    ["a report that was cut off", good.slice(0, -5)],
    ["a report of another shape", '{"results": []}'],
  ])("counts %s as one failure, whatever the exit code", (_what, report) => {
    for (const testExitCode of [0, 1]) {
      expect(summaryOf({ report, testExitCode, checkExitCode: 0 })).toMatchObject({
        passed: 0,
        failed: 1,
      });
    }
  });

  test("counts a run without any test as one failure", () => {
    const summary = summaryOf({ report: reportOf(), testExitCode: 0, checkExitCode: 0 });
    expect(summary).toMatchObject({ passed: 0, failed: 1 });
  });
});
