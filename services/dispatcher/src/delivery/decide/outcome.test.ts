import { FAILURE_REASONS, outcomeSchema } from "@ringback/contracts/deliveries/attempt";
import { describe, expect, test } from "vitest";
import { outcomeOf, type EndpointResult } from "./outcome.ts";

const isSuccess = (status: number): boolean => status === 200;

const response = (status: number): EndpointResult => ({
  kind: "response",
  status,
  headers: {},
  bodyText: '{"error":"no"}',
  durationMs: 1,
});

describe("an answer", () => {
  test("with a status of success is delivered, whatever its body says", () => {
    expect(outcomeOf(response(200), isSuccess)).toEqual({ kind: "delivered", status_code: 200 });
  });

  test.each([201, 204, 301, 404, 500, 999])("with %i has failed with reason status", (code) => {
    const expected = { kind: "failed", reason: "status", status_code: code };
    expect(outcomeOf(response(code), isSuccess)).toEqual(expected);
  });
});

describe("no answer", () => {
  test.each(FAILURE_REASONS)("has failed: %s", (reason) => {
    const rest = { detail: "CODE", unreachable: false, durationMs: 1 };
    const outcome = outcomeOf({ kind: "no_response", reason, ...rest }, isSuccess);
    expect(outcome).toEqual({ kind: "failed", reason, detail: "CODE" });
    expect(outcomeSchema.parse(outcome)).toEqual(outcome);
  });
});
