import { expect, test } from "vitest";
import { attemptRecord } from "../../../../test/harness/fixtures/records.ts";
import { permissionsOf } from "../http/auth/permissions.ts";
import { recordFor } from "./hidden-payloads.ts";

const response = { headers: { "retry-after": "5" }, body_excerpt: "secret" };
const reader = { permissions: permissionsOf(["read"]) };

test("what an endpoint responded is for callers with payloads alone", () => {
  const record = { ...attemptRecord(), response };
  expect(recordFor(record, { permissions: permissionsOf(["payloads"]) })).toEqual(record);
  expect(recordFor(record, reader)).toEqual({
    ...record,
    response: { headers: response.headers, body_hidden: true },
  });
});

test("where there was no response nothing is hidden", () => {
  const { response: _, ...record } = { ...attemptRecord(), response };
  expect(recordFor(record, reader)).toEqual(record);
  const ofHeaders = { ...record, response: { headers: {} } };
  expect(recordFor(ofHeaders, reader)).toEqual(ofHeaders);
});
