import { describe, expect, test } from "vitest";
import { readAgentState } from "./agent-message.ts";

const at = { workspaceId: "w1", agentId: "a1" };
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const subscription = {
  event_type: "call_completed",
  callback_url: "https://crm.example.com/calls",
  headers: { "X-Own": "1" },
  method_type: "PUT",
};
const agent = {
  workspace_id: "w1",
  agent_id: "a1",
  agent_display_name: "A",
  event_subscriptions: [subscription],
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-02T00:00:00Z",
};

describe("readAgentState", () => {
  test("gives the state that the message says resulted", () => {
    const message = { type: "x", occurred_at: "2026-01-02T00:00:00Z", version: 7, agent };
    expect(readAgentState(at, bytes(message))).toEqual({
      kind: "state",
      state: { kind: "registered", version: 7, agent },
    });
  });

  test("knows a deregistered agent and its version", () => {
    const message = { occurred_at: "2026-01-02T00:00:00Z", version: 8, agent: null };
    expect(readAgentState(at, bytes(message))).toEqual({
      kind: "state",
      state: { kind: "absent", version: 8 },
    });
  });

  test("gives the signing keys of a subscription, and none where there are none", () => {
    const key = {
      id: "k1",
      scheme: "v1",
      secret: "enc:v1:k:x",
      created_at: "2026-01-01T00:00:00.000Z",
    };
    const signed = { ...subscription, event_type: "recording_completed", signing: [key] };
    const both = { ...agent, event_subscriptions: [subscription, signed] };
    const message = { occurred_at: "2026-01-02T00:00:00Z", version: 7, agent: both };
    expect(readAgentState(at, bytes(message))).toStrictEqual({
      kind: "state",
      state: { kind: "registered", version: 7, agent: both },
    });
  });

  test("gives the delivery policy of a subscription, without what it does not know", () => {
    const delivery = { timeout: "5s", retry_delays: ["1m"], retry_after: "ignore" };
    const stored = { ...subscription, delivery: { ...delivery, later: true } };
    const message = {
      occurred_at: "2026-01-02T00:00:00Z",
      version: 7,
      agent: { ...agent, event_subscriptions: [stored] },
    };
    const event_subscriptions = [{ ...subscription, delivery }];
    expect(readAgentState(at, bytes(message))).toStrictEqual({
      kind: "state",
      state: { kind: "registered", version: 7, agent: { ...agent, event_subscriptions } },
    });
  });

  test("fills in what another version may leave out, and ignores what it adds", () => {
    const bare = {
      event_type: "call_completed",
      callback_url: "https://crm.example.com/",
      more: 1,
    };
    const message = {
      occurred_at: "2026-01-02T00:00:00Z",
      agent: { event_subscriptions: [bare], version: 3, more: 1 },
    };
    expect(readAgentState(at, bytes(message))).toMatchObject({
      kind: "state",
      state: {
        version: 3,
        agent: {
          workspace_id: "w1",
          agent_display_name: "a1",
          created_at: "2026-01-02T00:00:00Z",
          event_subscriptions: [{ headers: {}, method_type: "POST" }],
        },
      },
    });
  });

  test.each([
    ["what is not JSON", Buffer.from("{"), /not JSON/],
    ["a message without an agent", bytes({ occurred_at: "x" }), /agent/],
    [
      "an event type that can be none",
      bytes({
        occurred_at: "x",
        agent: { ...agent, event_subscriptions: [{ ...subscription, event_type: "Other type" }] },
      }),
      /event_subscriptions\.0\.event_type/,
    ],
  ])("refuses %s and says what is wrong", (_what, data, message) => {
    const read = readAgentState(at, data);
    expect(read).toMatchObject({ kind: "invalid", message: expect.stringMatching(message) });
  });
});
