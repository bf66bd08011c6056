import { expect, test } from "vitest";
import { resultText } from "./attempt.ts";

test("an attempt's result is its status code, or why there was none", () => {
  expect(resultText({ outcome: { kind: "delivered", status_code: 204 } })).toBe("204");
  expect(resultText({ outcome: { kind: "failed", reason: "status", status_code: 503 } })).toBe(
    "503",
  );
  expect(resultText({ outcome: { kind: "failed", reason: "connection_refused" } })).toBe(
    "connection refused",
  );
  expect(resultText({ outcome: { kind: "cancelled" } })).toBe("–");
});
