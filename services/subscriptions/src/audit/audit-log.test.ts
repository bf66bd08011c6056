import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { UnavailableError } from "../streams/ask.ts";
import { startAuditLog } from "./audit-log.ts";

const CHANGE: AuditEntry = {
  audit_id: "aud_1",
  at: "2026-01-01T00:00:00.000Z",
  kind: "change",
  workspace_id: "acme",
  actor: { kind: "key", id: "k1" },
  action: "changeAgent",
  resource: { agent_id: "a1" },
  request_id: "r1",
  address: "192.0.2.1",
  outcome: "done",
  status: 200,
};
const change = (n: number): AuditEntry => ({
  ...CHANGE,
  audit_id: `aud_${n}`,
  resource: { agent_id: `a${n}` },
});

/** An audit log whose store fails as long as there is an error. */
const scene = (windowMs?: number) => {
  const state = { error: undefined as Error | undefined, lost: 0, lines: [] as unknown[] };
  const stored: AuditEntry[] = [];
  const log = { error: (fields: unknown) => state.lines.push(fields) } as unknown as Logger;
  const audit = startAuditLog({
    store: async (entry) => {
      if (state.error !== undefined) throw state.error;
      stored.push(entry);
    },
    onLost: () => {
      state.lost += 1;
    },
    log,
    ...(windowMs === undefined ? {} : { windowMs }),
  });
  return { audit, stored, state };
};

test("a change is stored before its record resolves", async () => {
  const { audit, stored } = scene();
  await audit.record(CHANGE);
  expect(stored).toEqual([CHANGE]);
  await audit.stop();
});

test("while NATS is away nobody waits for long, and what waited is stored in its order afterwards", async () => {
  const { audit, stored, state } = scene();
  state.error = new UnavailableError("not connected to NATS");
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) await audit.record(change(n));
  expect(performance.now() - began).toBeLessThan(5_000);
  state.error = undefined;
  await eventually(() => {
    expect(stored).toHaveLength(20);
  });
  expect(stored.map(({ audit_id }) => audit_id)).toEqual(
    Array.from({ length: 20 }, (_, n) => `aud_${n}`),
  );
  expect(state.lost).toBe(0);
  await audit.stop();
});

const never = () => new Promise(() => undefined);

test("a store that never replies holds a response back for a moment only", async () => {
  const log = { error: () => undefined } as unknown as Logger;
  const audit = startAuditLog({ store: never, onLost: () => undefined, log });
  const began = performance.now();
  await audit.record(CHANGE);
  expect(performance.now() - began).toBeLessThan(2_000);
  await audit.stop();
});

test("what cannot be stored at all is counted and logged, without what it was about", async () => {
  const { audit, stored, state } = scene();
  state.error = new Error("maximum payload exceeded");
  await audit.record(CHANGE);
  expect(stored).toEqual([]);
  expect(state.lost).toBe(1);
  expect(state.lines).toMatchObject([{ audit_id: "aud_1", action: "changeAgent" }]);
  await audit.stop();
});

const refused = (n: number, workspace_id: string): AuditEntry => ({
  ...change(n),
  kind: "refused",
  outcome: "refused",
  actor: { kind: "key", id: `k${n}` },
  workspace_id,
});

test("one workspace takes a quarter of the room, and the others still find some", async () => {
  const { audit, stored, state } = scene();
  state.error = new UnavailableError("not connected to NATS");
  for (let n = 0; n < 3_000; n += 1) void audit.record(refused(n, "acme"));
  await eventually(() => {
    expect(state.lost).toBe(3_000 - 2_048);
  });
  void audit.record(refused(1, "other"));
  state.error = undefined;
  await eventually(() => {
    expect(stored).toHaveLength(2_049);
  });
  expect(state.lost).toBe(3_000 - 2_048);
  await audit.stop();
});

test("repeated reads are stored at the end of their window, and at a stop", async () => {
  const read: AuditEntry = { ...CHANGE, kind: "read", shown: ["payloads"] };
  const { audit, stored } = scene(50);
  for (let n = 0; n < 3; n += 1) await audit.record(read);
  await eventually(() => {
    expect(stored).toEqual([read, { ...read, count: 2, until: read.at }]);
  });
  const second = scene();
  for (let n = 0; n < 3; n += 1) await second.audit.record(read);
  await second.audit.stop();
  expect(second.stored).toHaveLength(2);
  await audit.stop();
});

test("a stop while NATS is away ends soon, and says what is lost", async () => {
  const { audit, state } = scene();
  state.error = new UnavailableError("not connected to NATS");
  for (let n = 0; n < 3; n += 1) await audit.record(change(n));
  await audit.stop();
  await eventually(() => {
    expect(state.lost).toBe(3);
  });
});
