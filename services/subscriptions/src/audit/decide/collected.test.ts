import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";
import { expect, test } from "vitest";
import { isWrittenApart, newWindow, repeatsIn } from "./collected.ts";

const READ: AuditEntry = {
  audit_id: "aud_1",
  at: "2026-01-01T00:00:00.000Z",
  kind: "read",
  workspace_id: "acme",
  actor: { kind: "key", id: "k1" },
  action: "getEventPayload",
  resource: { event_id: "evt_1_1" },
  shown: ["payloads"],
  request_id: "r1",
  address: "192.0.2.1",
  outcome: "done",
  status: 200,
};

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;

test("reads of one thing are written once at once, and the others as one entry with their number", () => {
  const window = newWindow();
  const apart = [1, 2, 3, 4].map((second) => isWrittenApart(window, { ...READ, at: at(second) }));
  expect(apart).toEqual([true, false, false, false]);
  expect(repeatsIn(window)).toEqual([{ ...READ, at: at(2), count: 3, until: at(4) }]);
});

test("a single repeat is an entry like any other", () => {
  const window = newWindow();
  for (const second of [1, 2]) isWrittenApart(window, { ...READ, at: at(second) });
  expect(repeatsIn(window)).toEqual([{ ...READ, at: at(2) }]);
});

test.each<[string, Partial<AuditEntry>]>([
  ["event", { resource: { event_id: "evt_1_2" } }],
  ["address", { address: "192.0.2.2" }],
  ["actor", { actor: { kind: "portal", id: "k1" } }],
  ["outcome", { outcome: "refused", kind: "refused" }],
  ["workspace", { workspace_id: "other" }],
])("another %s is an entry of its own", (_what, other) => {
  const window = newWindow();
  expect(isWrittenApart(window, READ)).toBe(true);
  expect(isWrittenApart(window, { ...READ, ...other })).toBe(true);
});

test("whoever reads very many payloads writes a hundred entries a minute, and one that says how many more", () => {
  const window = newWindow();
  let apart = 0;
  for (let n = 0; n < 5_000; n += 1) {
    const entry = { ...READ, at: at(n % 60), resource: { event_id: `evt_1_${n}` } };
    if (isWrittenApart(window, entry)) apart += 1;
  }
  expect(apart).toBe(100);
  expect(repeatsIn(window)).toMatchObject([{ resource: {}, count: 4_900 }]);
});

test("changes of nothing cannot push out what was changed: those alike are counted from the sixth on", () => {
  const window = newWindow();
  const change: AuditEntry = { ...READ, kind: "change", action: "changeEndpoint" };
  const apart = Array.from({ length: 2_000 }, () => isWrittenApart(window, change));
  expect(apart.filter(Boolean)).toHaveLength(5);
  expect(repeatsIn(window)).toMatchObject([{ resource: READ.resource, count: 1_995 }]);
});

test("a thousand different changes in a minute are all entries of their own", () => {
  const window = newWindow();
  for (let n = 0; n < 1_000; n += 1) {
    const resource = { agent_id: `a${n}` };
    const entry: AuditEntry = { ...READ, kind: "change", action: "changeAgent", resource };
    expect(isWrittenApart(window, entry)).toBe(true);
  }
  expect(repeatsIn(window)).toEqual([]);
});

test("a window remembers a bounded number of kinds, whatever comes", () => {
  const window = newWindow();
  for (let n = 0; n < 60_000; n += 1) {
    isWrittenApart(window, { ...READ, actor: { kind: "key", id: `k${n % 30_000}` } });
  }
  expect(window.alike.size).toBe(20_000);
  const counted = repeatsIn(window).reduce((sum, { count = 1 }) => sum + count, 0);
  expect(window.alike.size + counted).toBe(60_000);
});
