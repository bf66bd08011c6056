import type { JsMsg } from "@nats-io/jetstream";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import {
  inFlightRegistry,
  mayBeRedelivered,
  type InFlightRegistry,
  type InFlightMessage,
} from "./in-flight.ts";

failOnLeaks();

/** What the registry needs of a message, and counts its heartbeats. */
const messageOf = (stream: string, seq: number) => {
  const heartbeats = { count: 0 };
  const message = {
    seq,
    subject: "s",
    data: new Uint8Array(3),
    info: { stream, deliveryCount: 1 },
    msg: { subject: "events.w1.a1.c1.call_completed", data: new Uint8Array(), size: () => 30 },
    working: () => {
      heartbeats.count += 1;
    },
  } as unknown as JsMsg;
  return { message, heartbeats };
};

let isAnswered: boolean;
let registry: InFlightRegistry;
beforeEach(() => {
  isAnswered = true;
  registry = inFlightRegistry(
    10,
    () => 10,
    async () => isAnswered,
  );
});
afterEach(() => registry.close());

const added = (message: JsMsg, pulledAgoMs: number): InFlightMessage => {
  const result = registry.add("7", message, elapsedMs() - pulledAgoMs);
  if (result.kind !== "added") throw new Error(result.kind);
  return result.inFlight;
};

describe("a message in flight", () => {
  test("that is delivered once more is the same, and another one of its delivery is not", () => {
    added(messageOf("EVENTS", 7).message, 0);
    expect(registry.add("7", messageOf("EVENTS", 7).message, 0)).toEqual({ kind: "same" });
    expect(registry.add("7", messageOf("RETRIES", 7).message, 0)).toEqual({ kind: "other" });
    expect(registry.add("7", messageOf("RETRIES", 8).message, 0)).toEqual({ kind: "other" });
  });

  test("that finds another one of its delivery is added when that has ended, and a stop waits for it", async () => {
    added(messageOf("EVENTS", 7).message, 0);
    const { message } = messageOf("RETRIES", 8);
    const later = registry.addWhenFree("7", message, elapsedMs(), 30_000);
    let isEmpty = false;
    const empty = registry.empty(AbortSignal.timeout(30_000)).then(() => (isEmpty = true));
    registry.remove("7");
    expect(await later).toMatchObject({ kind: "added", inFlight: { message } });
    expect(isEmpty).toBe(false);
    registry.remove("7");
    await empty;
  });

  test("that finds another one of its delivery waits no longer than it may", async () => {
    added(messageOf("EVENTS", 7).message, 0);
    const { message } = messageOf("RETRIES", 8);
    expect(await registry.addWhenFree("7", message, 0, 20)).toEqual({ kind: "other" });
  });

  test("is this process's for as long as the server hears of it", async () => {
    const { message, heartbeats } = messageOf("EVENTS", 7);
    const inFlight = added(message, 5_000);
    await eventually(() => expect(elapsedMs() - inFlight.confirmedMs).toBeLessThan(1_000));
    expect(heartbeats.count).toBe(1);
    expect(mayBeRedelivered(inFlight)).toBe(false);
  });

  test("is not when the server got a heartbeat and did not answer", async () => {
    isAnswered = false;
    const { message, heartbeats } = messageOf("EVENTS", 7);
    const inFlight = added(message, 11_500);
    await eventually(() => expect(mayBeRedelivered(inFlight)).toBe(true));
    expect(heartbeats.count).toBe(1);
  });

  test("is not when the process stood still before the server got a heartbeat", async () => {
    const { message, heartbeats } = messageOf("EVENTS", 7);
    const inFlight = added(message, 40_000);
    await eventually(() => expect(heartbeats.count).toBe(1));
    expect(mayBeRedelivered(inFlight)).toBe(true);
  });
});
