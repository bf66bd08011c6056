import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { expect, test } from "vitest";
import { attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import { attemptLog } from "./attempt-log.ts";

const FAILED = attemptRecord({ outcome: { kind: "failed", reason: "timeout" } });
const DELIVERED = attemptRecord({ outcome: { kind: "delivered", status_code: 200 } });
const CANCELLED = attemptRecord({ outcome: { kind: "cancelled" } });

const logged = (oneIn: number, records: readonly AttemptRecord[]) => {
  const lines: object[] = [];
  const note = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  const log = { info: note("info"), warn: note("warn") } as unknown as Logger;
  const write = attemptLog(log, oneIn);
  for (const record of records) write(record, { trace_id: "t1" });
  return lines;
};

test("an attempt that failed is a warning, one that delivered is not, and both say their trace", () => {
  expect(logged(1, [FAILED, DELIVERED, CANCELLED])).toMatchObject([
    { level: "warn", trace_id: "t1", workspace_id: FAILED.workspace_id },
    { level: "info", trace_id: "t1" },
    { level: "info", trace_id: "t1" },
  ]);
});

test("of those that delivered one of so many is logged, and says so; of the others none is left out", () => {
  const many = Array.from({ length: 25 }, () => [DELIVERED, FAILED, CANCELLED]).flat();
  const lines = logged(10, many);
  expect(lines.filter((line) => "one_in" in line)).toHaveLength(3);
  expect(lines).toHaveLength(3 + 50);
});
