import { Buffer } from "node:buffer";
import { eventMessage } from "@ringback/contracts/events/event";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import { describe, expect, test } from "vitest";
import { sampleEvent } from "./sample-event.ts";

describe.each(EVENT_TYPES)("the test event of %s", (eventType) => {
  const address = { workspaceId: "w1", callId: "test-1", agentId: "a-1", eventType };

  test("is an event of that agent, with its ids", () => {
    const body = sampleEvent(address);
    expect(Buffer.from(eventMessage({ ...address, body }).body).toString()).toBe(body);
    expect(JSON.parse(body)).toMatchObject({
      event_type: eventType,
      call_id: "test-1",
      agent_id: "a-1",
      workspace_id: "w1",
    });
  });

  test("tells no other call's, agent's or workspace's id", () => {
    expect(sampleEvent(address)).not.toMatch(/acme|agent_emi|call_01JDEMO/);
  });
});
