import { expect, test } from "vitest";
import { operationSubject } from "./operation-subjects.ts";

test("the subject of an operational event names its workspace and its kind", () => {
  expect(operationSubject("w1", "endpoint.failing")).toBe("operations.w1.endpoint.failing");
  expect(() => operationSubject("*", "endpoint.failing")).toThrow("cannot be part of a subject");
});
