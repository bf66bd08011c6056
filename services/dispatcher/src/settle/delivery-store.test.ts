import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { randomUUID } from "node:crypto";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { attemptSubject, eventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import { connectNats, closeNats, type Nats } from "@ringback/runtime/nats/connection";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attemptRecord, retryMessage } from "../../../../test/harness/fixtures/records.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startNatsServer, type NatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { readDispatcherSettings } from "../config.ts";
import { natsDeliveryStore, type DeliveryStore } from "./delivery-store.ts";

failOnLeaks();

const log = createLogger("test", "silent");
const HOUR_MS = 3_600_000;
const AHEAD_MS = 5_000;

let server: NatsServer;
let nats: Nats;
let store: DeliveryStore;

beforeAll(async () => {
  server = await startNatsServer();
  const settings = readDispatcherSettings({
    NATS_URL: server.url,
    ALLOW_PLAINTEXT_HEADERS: "true",
  });
  nats = await connectNats(settings, "test", log, () => undefined);
  const signal = new AbortController().signal;
  const options = { management: settings.STREAM_MANAGEMENT, recreate: settings.MAKE_LOST_STREAMS };
  await ensureStreams(nats.jsm, wantedStreams(settings), { log, signal, ...options });
  const due = { subjectOf: dueRetrySubject };
  const clock = { aheadMs: () => AHEAD_MS };
  store = natsDeliveryStore({ nats, eventsOrigin: createdAt(1_000), due, clock, log, signal });
});

afterAll(async () => {
  await closeNats(nats);
  await server.stop();
});

/** A call of its own for each test. */
const addressOf = (callId: string) =>
  ({ workspaceId: "w1", callId, agentId: "a1", eventType: "call_completed" }) as const;

const recordOf = (call_id: string, attempt: number): AttemptRecord =>
  attemptRecord({ call_id, attempt });

const retryOf = (deliveryId: string, dueMs: number): RetryMessage =>
  retryMessage({ address: addressOf("retries"), deliveryId, dueMs });

const messagesOn = async (stream: string, subject: string): Promise<number> => {
  const { state } = await nats.jsm.streams.info(stream, { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
};

describe("a record", () => {
  test("is appended after the last one of its delivery, and conflicts after any other", async () => {
    const address = addressOf("records");
    expect(await store.readLastRecord(address, "7")).toEqual({ record: undefined, seq: 0 });
    expect(await store.appendAttempt(recordOf("records", 1), "7", 0)).toBe("stored");
    const { record, seq } = await store.readLastRecord(address, "7");
    expect(record).toEqual(recordOf("records", 1));
    expect(await store.appendAttempt(recordOf("records", 2), "7", 0)).toBe("conflict");
    expect(await store.appendAttempt(recordOf("records", 2), "7", seq)).toBe("stored");
    expect(await store.readLastRecord(address, "8")).toEqual({ record: undefined, seq: 0 });
  });

  test.each([
    ["is no JSON", "s3cret{", /is 7 bytes that are not JSON/],
    ["is no record", '{"attempt": "s3cret"}', /is no record of an attempt: wrong are .*attempt/],
  ])(
    "that %s is an error that says where it is, and not what is in it",
    async (what, body, message) => {
      const address = addressOf(what.replaceAll(" ", "_"));
      await nats.js.publish(attemptSubject(address, "7"), body);
      const error: unknown = await store
        .readLastRecord(address, "7")
        .catch((thrown: unknown) => thrown);
      expect(String(error)).toMatch(message);
      expect(String(error)).toContain(attemptSubject(address, "7"));
      expect(String(error)).not.toContain("s3cret");
    },
  );
});

test("an event is read by its sequence; one that EVENTS does not have is none", async () => {
  const { seq } = await nats.js.publish(eventSubject(addressOf("read")), "body");
  expect(await store.readEvent(seq)).toMatchObject({
    subject: eventSubject(addressOf("read")),
    body: new TextEncoder().encode("body"),
  });
  expect(await store.readEvent(seq + 1_000)).toBeUndefined();
});

describe("a retry", () => {
  test("is scheduled once however often it is stored, and never early by NATS's clock", async () => {
    const retry = retryOf("8", Date.now() + HOUR_MS);
    await store.scheduleRetry(retry);
    await store.scheduleRetry(retry);
    const subject = scheduledRetrySubject(retry.address, "8");
    expect(await messagesOn(STREAMS.retries, subject)).toBe(1);
    const message = await nats.jsm.streams.getMessage(STREAMS.retries, { last_by_subj: subject });
    const at = /@at (\S+)/.exec(message?.header.get("Nats-Schedule") ?? "")?.[1] ?? "";
    expect(Date.parse(at)).toBeGreaterThanOrEqual(retry.dueMs + AHEAD_MS - 1_000);
    expect(await store.pendingRetry(retry)).toMatchObject({ kind: "pending", state: "scheduled" });
    expect(await store.pendingRetry(retry, { minAttempt: 3 })).toEqual({ kind: "none" });
  });

  test("replaces the schedule that was read, and no later one", async () => {
    const retry = retryOf("9", Date.now() + HOUR_MS);
    expect(await store.replaceSchedule(retry, 0)).toBe("stored");
    expect(await store.replaceSchedule(retry, 0)).toBe("conflict");
    const pending = await store.pendingRetry(retry);
    const seq = pending.kind === "pending" ? pending.seq : 0;
    expect(await store.replaceSchedule({ ...retry, deferrals: 1 }, seq)).toBe("stored");
    expect(await store.pendingRetry(retry)).toMatchObject({ retry: { deferrals: 1 } });
  });
});

test("a dead letter is stored once for each delivery and reason", async () => {
  const {
    outcome: _outcome,
    next: _next,
    duration_ms: _ms,
    trigger: _trigger,
    attempt: _attempt,
    ...ids
  } = recordOf(randomUUID(), 1);
  const deadLetter: DeadLetter = { reason: "event_expired", ...ids, message: "gone" };
  const stored: string[] = [];
  for (const key of ["0", "0", "7-r1:0"]) stored.push(await store.storeDeadLetter(deadLetter, key));
  expect(stored).toEqual(["stored", "present", "stored"]);
  const subject = `dead_letters.w1.${ids.call_id}.a1.call_completed`;
  expect(await messagesOn(STREAMS.deadLetters, subject)).toBe(2);
});

test("an event of 1 MB is read for hundreds of deliveries that are due together, and no read fails", async () => {
  const subject = eventSubject(addressOf("large"));
  const { seq } = await nats.js.publish(subject, "x".repeat(1_000_000));
  const reads = await Promise.allSettled(
    Array.from({ length: 400 }, async () => (await store.readEvent(seq))?.body.byteLength),
  );
  expect(reads.filter((read) => read.status === "rejected")).toEqual([]);
});
