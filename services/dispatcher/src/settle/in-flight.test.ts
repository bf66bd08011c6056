import type { JsMsg } from "@nats-io/jetstream";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { handRegistry, mayBeElsewhere, type HandRegistry, type InHand } from "./in-flight.ts";

failOnLeaks();

/** What the registry needs of a message, and how often the server was told that it is in work. */
const messageOf = (stream: string, seq: number) => {
  const told = { times: 0 };
  const message = {
    seq,
    subject: "s",
    data: new Uint8Array(3),
    info: { stream, deliveryCount: 1 },
    msg: { subject: "events.w1.a1.c1.call_completed", data: new Uint8Array(), size: () => 30 },
    working: () => {
      told.times += 1;
    },
  } as unknown as JsMsg;
  return { message, told };
};

let isAnswered: boolean;
let hands: HandRegistry;
beforeEach(() => {
  isAnswered = true;
  hands = handRegistry(
    10,
    () => 10,
    async () => isAnswered,
  );
});
afterEach(() => hands.close());

const taken = (message: JsMsg, pulledAgoMs: number): InHand => {
  const result = hands.take("7", message, elapsedMs() - pulledAgoMs);
  if (result.kind !== "taken") throw new Error(result.kind);
  return result.hand;
};

describe("a message in hand", () => {
  test("that is delivered once more is the same, and another one of its delivery is not", () => {
    taken(messageOf("EVENTS", 7).message, 0);
    expect(hands.take("7", messageOf("EVENTS", 7).message, 0)).toEqual({ kind: "same" });
    expect(hands.take("7", messageOf("RETRIES", 7).message, 0)).toEqual({ kind: "other" });
    expect(hands.take("7", messageOf("RETRIES", 8).message, 0)).toEqual({ kind: "other" });
  });

  test("is this process's for as long as the server hears of it", async () => {
    const { message, told } = messageOf("EVENTS", 7);
    const hand = taken(message, 5_000);
    await eventually(() => expect(elapsedMs() - hand.heardMs).toBeLessThan(1_000));
    expect(told.times).toBe(1);
    expect(mayBeElsewhere(hand)).toBe(false);
  });

  test("is not when the server was told and did not answer", async () => {
    isAnswered = false;
    const { message, told } = messageOf("EVENTS", 7);
    const hand = taken(message, 11_500);
    await eventually(() => expect(mayBeElsewhere(hand)).toBe(true));
    expect(told.times).toBe(1);
  });

  test("is not when the process stood still before the server was told", async () => {
    const { message, told } = messageOf("EVENTS", 7);
    const hand = taken(message, 40_000);
    await eventually(() => expect(told.times).toBe(1));
    expect(mayBeElsewhere(hand)).toBe(true);
  });
});
