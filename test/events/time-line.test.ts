import { deadLetterSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deadLetter, eventFields } from "../harness/fixtures/records.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type SeededApi, startSeededApi } from "./seeded-api.ts";

failOnLeaks();

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi();
});
afterAll(() => api.stop());

const at = (ms: number): string => new Date(Date.parse("2026-11-26T14:00:00Z") + ms).toISOString();
const FAILED = { kind: "failed", reason: "timeout" } as const;

test("a call has all that a time line of it shows: what began when, took how long, and what is to come", async () => {
  const event = await api.seed({ callId: "line" });
  const to = endpointId(1);
  const ofEndpoint = { delivery: `${event.seq}-${to}`, endpoint_id: to, uid: "crm" };
  for (let attempt = 1; attempt <= 14; attempt += 1) {
    const next = { kind: "retry", at: at(60_000 * (attempt + 1)) } as const;
    const times = { at: at(60_000 * attempt), duration_ms: 30_000 };
    await api.record(event, { attempt, ...times, outcome: FAILED, next });
  }
  await api.record(event, {
    ...ofEndpoint,
    at: at(1_000),
    outcome: FAILED,
    next: { kind: "dead_letter" },
  });
  const fields = { ...eventFields(event), delivery_id: ofEndpoint.delivery, endpoint_id: to };
  const letter = deadLetter({ reason: "exhausted", ...fields, at: at(31_000) });
  await api.client.js.publish(deadLetterSubject(event.address), JSON.stringify(letter));
  const again = {
    delivery: `${event.seq}-r1`,
    redelivery_id: "r1",
    trigger: "redelivery",
  } as const;
  await api.record(event, { ...again, at: at(9e6), duration_ms: 7, resent: true });
  const { body } = await api.reader.get("/calls/line/events?attempts=50");
  const [found] = (body?.["events"] ?? []) as Record<string, unknown[]>[];
  expect(found).toMatchObject({ attempt_count: 16, stored_at: expect.any(String) });
  expect(found?.["attempts"]).toHaveLength(16);
  expect(found?.["attempts"]?.[0]).toMatchObject({
    delivery_id: again.delivery,
    redelivery_id: "r1",
    trigger: "redelivery",
    at: at(9e6),
    duration_ms: 7,
    resent: true,
    outcome: { kind: "delivered", status_code: 200 },
  });
  expect(found?.["attempts"]?.[1]).toMatchObject({ endpoint_id: to, uid: "crm", at: at(1_000) });
  expect(found?.["deliveries"]).toMatchObject([
    { endpoint_id: null, status: "delivered", attempts: 15, dead_letter: null },
    {
      endpoint_id: to,
      uid: "crm",
      status: "dead_lettered",
      dead_letter: { reason: "exhausted", at: at(31_000) },
    },
  ]);
});

test("a page has ten attempts of each event unless asked for more, and never very many", async () => {
  const event = await api.seed({ callId: "many" });
  for (let attempt = 1; attempt <= 12; attempt += 1) await api.record(event, { attempt });
  const shown = async (query: string): Promise<number> => {
    const { body } = await api.reader.get(`/calls/many/events${query}`);
    const [found] = (body?.["events"] ?? []) as { attempts: unknown[] }[];
    return found?.attempts.length ?? 0;
  };
  expect([await shown(""), await shown("?attempts=11&limit=200")]).toEqual([10, 11]);
  for (const query of ["attempts=51", "attempts=0", "attempts=all", "attempts=50&limit=200"]) {
    const refused = await api.reader.get(`/calls/many/events?${query}`);
    expect([refused.status, refused.body?.["errors"]]).toMatchObject([422, [{ path: "attempts" }]]);
  }
});
