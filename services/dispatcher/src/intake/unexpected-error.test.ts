import { errors } from "@nats-io/nats-core";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { describe, expect, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import {
  handlerDeps,
  messageInFlight,
  NOW_MS,
  streamsInMemory,
} from "../../../../test/harness/streams-in-memory.ts";
import type { DeferrableDelivery } from "../delivery/delivery.ts";
import { handleUnexpectedError } from "./unexpected-error.ts";

const HOUR_MS = 3_600_000;
const DELIVERY: DeferrableDelivery = {
  address: ADDRESS,
  eventSeq: 7,
  deliveryId: "7",
  attempt: 1,
  deferrals: 0,
};

/** A message whose handler threw, and what became of it. */
const after = async (
  delivery: () => DeferrableDelivery | undefined,
  deliveryCount = 1,
  over: Parameters<typeof handlerDeps>[1] = {},
) => {
  const streams = streamsInMemory();
  const subject = eventSubject(ADDRESS);
  const { inFlight, replies } = messageInFlight(subject, undefined, deliveryCount);
  const deps = handlerDeps(streams, over);
  await handleUnexpectedError(inFlight, new Error("a bug"), delivery, deps);
  return {
    replies,
    schedules: [...streams.schedules.values()],
    deadLetters: [...streams.deadLetters],
  };
};

const failing = (error: Error) => {
  const { settleDeps } = streamsInMemory();
  const scheduleRetry = async (): Promise<never> => {
    throw error;
  };
  return { store: { ...settleDeps.store, scheduleRetry } };
};

const throwing = (): never => {
  throw new Error("a bug");
};

describe("after an unexpected error, a delivery", () => {
  test.each([
    ["is tried again after 5 s at first", DELIVERY, 1, NOW_MS + 5_000, NOW_MS],
    ["is tried again later each time", { ...DELIVERY, deferrals: 2 }, 1, NOW_MS + 20_000, NOW_MS],
    [
      "is tried once more when an hour is over",
      { ...DELIVERY, deferrals: 20, postponedSinceMs: NOW_MS - HOUR_MS + 1_000 },
      1,
      NOW_MS + 1_000,
      NOW_MS - HOUR_MS + 1_000,
    ],
  ])("%s, with the same attempt", async (_what, delivery, count, dueMs, postponedSinceMs) => {
    const { replies, schedules } = await after(() => delivery, count);
    expect(schedules).toMatchObject([{ attempt: 1, dueMs, postponedSinceMs }]);
    expect(replies).toEqual(["ack"]);
  });

  test("is kept as a dead letter after an hour", async () => {
    const delivery = { ...DELIVERY, postponedSinceMs: NOW_MS - HOUR_MS };
    const { replies, deadLetters } = await after(() => delivery);
    expect(deadLetters).toMatchObject([["evt_7:internal:1", { event_id: "evt_7", attempt: 1 }]]);
    expect(replies).toEqual(["ack"]);
  });

  test("of a test event is acknowledged after an hour, and nothing is stored", async () => {
    const delivery = { ...DELIVERY, trigger: "test", postponedSinceMs: NOW_MS - HOUR_MS } as const;
    expect(await after(() => delivery)).toEqual({
      replies: ["ack"],
      schedules: [],
      deadLetters: [],
    });
  });
});

describe("after an unexpected error, a message", () => {
  test.each([
    ["that is no delivery", () => undefined],
    ["that cannot be parsed", throwing],
  ])("%s comes again, later each time", async (_what, delivery) => {
    expect((await after(delivery)).replies).toEqual(["nak 5000"]);
    expect((await after(delivery, 3)).replies).toEqual(["nak 20000"]);
  });

  test("whose delivery cannot be scheduled comes again", async () => {
    const { replies } = await after(() => DELIVERY, 1, failing(new Error("a bug")));
    expect(replies).toEqual(["nak 5000"]);
  });

  test("that cannot be held back leaves a line that says whose it is", async () => {
    const { log, lines } = keptLog();
    await after(() => DELIVERY, 1, { ...failing(new Error("a bug")), log });
    const ids = { event_id: "evt_7", workspace_id: ADDRESS.workspaceId, agent_id: ADDRESS.agentId };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: "delivery.unexpected_error", ...ids },
      { msg: "delivery.hold_back_failed", ...ids, seq: 7 },
    ]);
  });

  test("is left to the broker while no server replies", async () => {
    const unavailable = failing(new errors.TimeoutError());
    expect((await after(() => DELIVERY, 1, unavailable)).replies).toEqual([]);
  });
});
