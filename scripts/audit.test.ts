import { expect, test } from "vitest";
import { auditOf } from "./audit.ts";

const exited = (code: number, stdout: string, stderr = "") =>
  ({ kind: "exited", code, stdout, stderr }) as const;

const reportOf = (vulnerabilities: Record<string, { severity: string }>): string =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: {} });

test("no finding is a clean audit", () => {
  expect(auditOf(exited(0, reportOf({})))).toEqual({ kind: "clean", lesser: 0 });
});

test("findings of less weight are counted and stop nobody", () => {
  const report = reportOf({ one: { severity: "moderate" }, two: { severity: "low" } });
  expect(auditOf(exited(1, report))).toEqual({ kind: "clean", lesser: 2 });
});

test("a high or critical finding is named", () => {
  const report = reportOf({
    one: { severity: "high" },
    two: { severity: "low" },
    three: { severity: "critical" },
  });
  expect(auditOf(exited(1, report))).toEqual({
    kind: "vulnerable",
    packages: ["one (high)", "three (critical)"],
  });
});

test.each([
  [
    exited(1, '{"error": {"summary": ""}}', "npm error audit endpoint returned an error"),
    "endpoint",
  ],
  [exited(1, "", "npm error network"), "network"],
  [exited(0, "[]", ""), "nothing that can be read"],
  [{ kind: "not_run", reason: "npm took longer than 30 s" } as const, "longer than 30 s"],
])("%j is no answer, which is not the same as clean", (result, reason) => {
  expect(auditOf(result)).toEqual({
    kind: "unanswered",
    reason: expect.stringContaining(reason),
  });
});
