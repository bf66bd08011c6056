import { expect, test } from "vitest";
import type { EventDetail } from "./event-detail.ts";
import {
  AGENT_SUBSCRIPTION,
  defaultKeys,
  effectText,
  redeliverBody,
  startedText,
  undeliverable,
} from "./redeliver-plan.ts";

type Delivery = EventDetail["deliveries"][number];

const delivery = (endpointId: string | null, status: Delivery["status"]): Delivery => ({
  delivery_id: "1",
  endpoint_id: endpointId,
  status,
  attempts: 1,
  last_attempt_at: null,
  last_status_code: null,
  destination: null,
  next_attempt_at: null,
});
const mixed = [
  delivery(null, "delivered"),
  delivery("ep_a", "dead_lettered"),
  delivery("ep_b", "retrying"),
];

test("unless somebody chooses, it goes where it was not delivered, or everywhere if it was everywhere", () => {
  expect(defaultKeys(mixed)).toEqual(["ep_a", "ep_b"]);
  expect(defaultKeys([delivery(null, "delivered"), delivery("ep_a", "delivered")])).toEqual([
    AGENT_SUBSCRIPTION,
    "ep_a",
  ]);
  expect(defaultKeys([])).toEqual([AGENT_SUBSCRIPTION]);
});

test("destinations are named only where they are not what the API takes by itself", () => {
  expect(redeliverBody(new Set(["ep_b", "ep_a"]), mixed, false)).toEqual({});
  expect(redeliverBody(new Set(["ep_b", "ep_a"]), mixed, true)).toEqual({
    counts_against_schedule: true,
  });
  expect(redeliverBody(new Set(["ep_b"]), mixed, false)).toEqual({ endpoint_ids: ["ep_b"] });
  expect(redeliverBody(new Set([AGENT_SUBSCRIPTION, "ep_z"]), mixed, false)).toEqual({
    endpoint_ids: ["ep_z"],
    agent_subscription: true,
  });
  expect(redeliverBody(new Set([AGENT_SUBSCRIPTION]), mixed, false)).toEqual({
    agent_subscription: true,
  });
});

test("each destination says what sending again does there", () => {
  expect(effectText(undefined)).toContain("has not got it");
  expect(effectText(delivery(null, "delivered"))).toContain("once more");
  expect(effectText(delivery(null, "retrying"))).toContain("made now");
  expect(effectText(delivery(null, "pending"))).toContain("nothing further");
});

test("what came of it counts each way", () => {
  expect(startedText([{ mode: "redelivery" }, { mode: "retry_now" }, { mode: "redelivery" }])).toBe(
    "Destinations: 2 sent again, 1 retried now.",
  );
});

test("what could not be understood, and tests, are not sent again", () => {
  const event = { dead_letter: null, attempts: [] } as unknown as EventDetail;
  const invalid = { reason: "invalid_event" } as unknown as NonNullable<EventDetail["dead_letter"]>;
  const attempt = { trigger: "test" } as unknown as EventDetail["attempts"][number];
  expect(undeliverable(event)).toBeUndefined();
  expect(undeliverable({ ...event, dead_letter: invalid })).toContain("understood");
  expect(undeliverable({ ...event, attempts: [attempt] })).toContain("test event");
});
