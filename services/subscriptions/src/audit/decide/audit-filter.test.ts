import { expect, test } from "vitest";
import { auditEntryIn, type AuditEntry } from "@ringback/contracts/audit/audit-entry";
import { isMatch, type AuditFilter } from "./audit-filter.ts";

const AT = "2026-01-01T00:00:00.000Z";
const ENTRY: AuditEntry = {
  audit_id: "aud_1",
  at: AT,
  kind: "change",
  actor: { kind: "person", id: "ann@example.com" },
  action: "changeAgent",
  resource: {},
  request_id: "r1",
  address: "::1",
  outcome: "done",
  status: 200,
};
const ALL: AuditFilter = {
  actor: undefined,
  actions: undefined,
  sinceMs: undefined,
  untilMs: undefined,
};

test.each<[boolean, Partial<AuditFilter>]>([
  [true, {}],
  [true, { actor: "ann@example.com" }],
  [true, { actor: "person:ann@example.com" }],
  [false, { actor: "key:ann@example.com" }],
  [false, { actor: "ann" }],
  [true, { actions: ["createEndpoint", "changeAgent"] }],
  [false, { actions: ["createEndpoint"] }],
  [true, { sinceMs: Date.parse(AT) }],
  [false, { sinceMs: Date.parse(AT) + 1 }],
  [true, { untilMs: Date.parse(AT) + 1 }],
  [false, { untilMs: Date.parse(AT) }],
])("%s: %j", (expected, filter) => {
  expect(isMatch(ENTRY, { ...ALL, ...filter })).toBe(expected);
});

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test("an entry is read as it was written, and what is none is undefined", () => {
  expect(auditEntryIn(bytes(ENTRY))).toEqual(ENTRY);
  expect(auditEntryIn(bytes({ ...ENTRY, of_later: 1 }))).toMatchObject(ENTRY);
  expect(auditEntryIn(bytes({ ...ENTRY, actor: { kind: "robot", id: "x" } }))).toBeUndefined();
  expect(auditEntryIn(new TextEncoder().encode("{"))).toBeUndefined();
});
