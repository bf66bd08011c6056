import { headers as newHeaders } from "@nats-io/nats-core";
import type { SkipReason } from "@ringback/contracts/deliveries/redelivery-job";
import { eventId } from "@ringback/contracts/events/event";
import {
  begunMs,
  createdAt,
  originIn,
  type StreamOrigin,
} from "@ringback/contracts/streams/stream-origin";
import type { EventRules } from "@ringback/contracts/events/event-check";
import { eventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type StoredEvent, type Streams } from "../../../../test/lists/streams.ts";
import { storeEvent } from "../../../../test/redelivery/stored.ts";
import { sampleEvent } from "../event-types/sample-event.ts";
import { deliverableEvent, jobEvent } from "./deliverable-event.ts";

failOnLeaks();

let streams: Streams;
let origin: StreamOrigin;
beforeAll(async () => {
  streams = await startStreams();
  origin = originIn(streams.origins, STREAMS.events);
});
afterAll(() => streams.stop());

const RULES: EventRules = {
  types: { kind: "catalogue", added: new Set() },
  schema: "warn",
  isOwnType: () => false,
};

const deliverable = (id: string, nats: Nats = streams.nats, rules = RULES) =>
  deliverableEvent({ workspaceId: "w1" }, id, { nats, eventsOrigin: origin, rules });

const store = async (subject: string, body = ""): Promise<number> =>
  (await streams.nats.js.publish(subject, body)).seq;

const NOT_FOUND = { kind: "rejected", rejection: { kind: "event_not_found" } };

describe("an event", () => {
  test("is found with the address that its subject names", async () => {
    const event = await storeEvent(streams);
    expect(await deliverable(eventId(origin, event.seq))).toEqual({ kind: "event", event });
  });

  test("of a stream that was made again since is not found, whatever has its sequence now, and is not read", async () => {
    const { seq } = await storeEvent(streams);
    let calls = 0;
    const counted = withFailingCalls(streams.nats, (call) => void (calls = call));
    expect(await deliverable(eventId(createdAt(begunMs(origin) - 60_000), seq), counted)).toEqual(
      NOT_FOUND,
    );
    expect(calls).toBe(0);
  });

  test("that EVENTS keeps no more is not found", async () => {
    const { seq } = await storeEvent(streams);
    await streams.nats.jsm.streams.deleteMessage(STREAMS.events, seq);
    expect(await deliverable(eventId(origin, seq))).toEqual(NOT_FOUND);
  });

  test.each<Fault>(["before", "after"])(
    "is not said to be gone where the stream does not reply (%s)",
    async (fault) => {
      const { seq } = await storeEvent(streams);
      const nats = withFailingCalls(streams.nats, () => fault);
      await expect(deliverable(eventId(origin, seq), nats)).rejects.toThrow("timeout");
      await expect(jobEvent(nats, seq, RULES)).rejects.toThrow("timeout");
    },
  );

  test.each([
    ["events.w1.broken", { kind: "rejected", rejection: { kind: "event_invalid" } }],
    ["events.w1.c1.a1.call_completed", { kind: "rejected", rejection: { kind: "event_invalid" } }],
    ["events.w10.broken", NOT_FOUND],
    ["events.w2.c1.a1.call_completed", NOT_FOUND],
  ])(
    "that cannot be read, on %s, is the business of its workspace alone",
    async (subject, said) => {
      const seq = await store(subject);
      expect(await deliverable(eventId(origin, seq))).toMatchObject(said);
    },
  );

  test("that was sent as a test is not delivered again", async () => {
    const headers = newHeaders();
    headers.set("Ringback-Trigger", "test");
    const [subject, body] = [eventSubject(ADDRESS), sampleEvent(ADDRESS)];
    const { seq } = await streams.nats.js.publish(subject, body, { headers });
    const said = { kind: "rejected", rejection: { kind: "test_event" } };
    expect(await deliverable(eventId(origin, seq))).toEqual(said);
  });
});

describe("a job", () => {
  const OWN_TYPE = { ...ADDRESS, eventType: "kyc_done" };
  const DOUBTFUL = JSON.stringify({
    event_type: "call_completed",
    call_id: "c1",
    call_duration: {},
  });

  test.each<[string, () => Promise<number>, EventRules, SkipReason | undefined]>([
    [
      "sends an event that is as it should be",
      () => sequenceOf(storeEvent(streams)),
      RULES,
      undefined,
    ],
    ["skips one that cannot be read", () => store(eventSubject(ADDRESS)), RULES, "invalid_event"],
    [
      "skips a type that nobody knows",
      () => store(eventSubject(OWN_TYPE), sampleEvent(OWN_TYPE)),
      RULES,
      "unknown_type",
    ],
    [
      "sends a type that its workspace added",
      () => store(eventSubject(OWN_TYPE), sampleEvent(OWN_TYPE)),
      { ...RULES, isOwnType: (workspace, type) => workspace === "w1" && type === "kyc_done" },
      undefined,
    ],
    ["sends one with warnings", () => store(eventSubject(ADDRESS), DOUBTFUL), RULES, undefined],
    [
      "skips one with warnings where those are refused",
      () => store(eventSubject(ADDRESS), DOUBTFUL),
      { ...RULES, schema: "refuse" },
      "refused_values",
    ],
    ["skips one that was never stored", async () => 1_000_000, RULES, "expired"],
  ])("%s", async (_what, prepare, rules, expected) => {
    const read = await jobEvent(streams.nats, await prepare(), rules);
    expect(read.kind === "skip" ? read.reason : undefined).toBe(expected);
  });
});

const sequenceOf = async (stored: Promise<StoredEvent>): Promise<number> => (await stored).seq;
