import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { expect, test } from "vitest";
import { endpointId, endpointOf } from "../../../../../test/harness/fixtures/endpoints.ts";
import { skippedEndpoints } from "./skipped-endpoints.ts";

const ID = endpointId(1);
const STORED_MS = Date.parse("2026-01-02T00:00:00.000Z");

const EVENT = {
  agentId: "a1",
  eventType: "call_completed",
  storedAtMs: STORED_MS,
  subject: {
    event_type: "call_completed",
    agent_id: "a1",
    call_id: "c1",
    stored_at: "2026-01-02T00:00:00.000Z",
    data: { status: "failed" },
  },
  destinations: new Set<string | undefined>([undefined]),
} as const;

const skipped = (endpoint: Partial<Endpoint>, event = {}) =>
  skippedEndpoints([endpointOf(ID, endpoint)], { ...EVENT, ...event });

const FILTER = '{"data":{"status":"completed"}}';

test.each<readonly [string, Partial<Endpoint>, string | undefined]>([
  ["leaves it out by its filter", { filter: FILTER }, "filter"],
  ["is paused", { switch: "paused" }, "paused"],
  ["is disabled", { switch: "disabled" }, "disabled"],
  ["is disabled, and would leave it out", { switch: "disabled", filter: FILTER }, "filter"],
  ["would get it", {}, undefined],
  ["is for other agents", { agents: ["a2"], switch: "disabled" }, undefined],
  ["is for other types", { event_types: ["call_started"], switch: "disabled" }, undefined],
  ["was created later", { switch: "disabled", created_at: "2026-01-02T00:00:00.001Z" }, undefined],
])("an endpoint that %s", (_, endpoint, by) => {
  expect(skipped({ uid: "crm", ...endpoint })).toEqual(
    by === undefined ? [] : [{ endpointId: ID, uid: "crm", by }],
  );
});

test("an endpoint that the event went to is not skipped, whatever it is now", () => {
  const destinations = new Set([ID]);
  expect(skipped({ switch: "disabled", filter: FILTER }, { destinations })).toEqual([]);
});
