import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { expect, test } from "vitest";
import { attemptRecord } from "../../test/harness/fixtures/records.ts";
import { attemptTable } from "./report.ts";

const record = (over: Partial<AttemptRecord>): AttemptRecord =>
  attemptRecord({
    event_seq: 1,
    at: "2026-03-02T10:00:00.000Z",
    duration_ms: 12.4,
    request: { method: "POST", url: "http://127.0.0.1:9900/crm/calls" },
    ...over,
  });

test("the table groups attempts by event, and says what came next and when", () => {
  const failed = { kind: "failed", reason: "status", status_code: 503 } as const;
  const table = attemptTable([
    record({
      event_seq: 2,
      attempt: 2,
      outcome: { kind: "failed", reason: "timeout" },
      next: { kind: "dead_letter" },
    }),
    record({
      event_seq: 2,
      outcome: failed,
      next: { kind: "retry", at: "2026-03-02T10:00:01.0624Z" },
    }),
    record({}),
    record({ event_seq: 3, outcome: { kind: "cancelled" }, request: undefined }),
  ]);
  expect(table).toBe(
    `
event type      attempt  request          outcome          took   next
--------------  -------  ---------------  ---------------  -----  ------------------
call_completed  1        POST /crm/calls  delivered 200    12 ms  done
call_completed  1        POST /crm/calls  failed 503       12 ms  again after 1.05 s
call_completed  2        POST /crm/calls  failed: timeout  12 ms  dead letter
call_completed  1                         cancelled        12 ms  done
`.trim(),
  );
});
