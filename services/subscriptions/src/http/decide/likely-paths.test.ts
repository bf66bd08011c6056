import { expect, test } from "vitest";
import { likelyCalls } from "./likely-paths.ts";

const BASE = "/ca/api/v0";
const KNOWN = [
  { pattern: `${BASE}/agent/v1`, methods: ["PATCH", "POST"] },
  { pattern: `${BASE}/agent/v1/:agent_id`, methods: ["DELETE", "GET", "HEAD"] },
  { pattern: `${BASE}/agent/v1/:agent_id/history`, methods: ["GET", "HEAD"] },
  { pattern: `${BASE}/assistant`, methods: ["GET", "HEAD"] },
  { pattern: `${BASE}/events`, methods: ["GET", "HEAD", "POST"] },
  { pattern: `${BASE}/events/:event_id`, methods: ["GET", "HEAD"] },
  { pattern: `${BASE}/calls/:call_id/events`, methods: ["GET", "HEAD"] },
];

test.each([
  ["POST", "/events", "POST /ca/api/v0/events"],
  ["GET", "/ca/api/v0/event", "GET /ca/api/v0/events"],
  ["GET", "/ca/api/v0/event/evt_t9x3k0_18423", "GET /ca/api/v0/events/{event_id}"],
  ["GET", "/api/v1/events", "GET /ca/api/v0/events"],
  ["GET", "/ca/api/v0/call/c-42/events", "GET /ca/api/v0/calls/{call_id}/events"],
  ["DELETE", "/ca/api/v0/agents/v1/agent-7", "DELETE /ca/api/v0/agent/v1/{agent_id}"],
  ["PUT", "/ca/api/v0/agnt/v1", "PATCH /ca/api/v0/agent/v1"],
])("%s %s is likely to be %s", (method, path, expected) => {
  const calls = likelyCalls({ method, path }, BASE, KNOWN);
  expect(calls).toHaveLength(3);
  expect(calls[0]).toBe(expected);
});

test.each(["/", "", "/ca/api/v0", `/${"x/".repeat(2_000)}`, "/ca/api/v0/%00"])(
  "there are likely calls for %j too",
  (path) => {
    expect(likelyCalls({ method: "GET", path }, BASE, KNOWN)).toHaveLength(3);
  },
);
