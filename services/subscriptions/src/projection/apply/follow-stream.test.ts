import type { JsMsg } from "@nats-io/jetstream";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../../test/lists/streams.ts";
import { followStream } from "./follow-stream.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

/** Follows EVENTS; `refused` batches in a row are not applied first. */
const following = (appliedUpTo: number, refused = 0) => {
  const applied: number[] = [];
  const lost: unknown[] = [];
  let failures = refused;
  const followed = followStream({
    nats: streams.nats,
    stream: STREAMS.events,
    filter: "events.>",
    appliedUpTo,
    headersOnly: true,
    maxMessages: 100,
    apply: async (messages: readonly JsMsg[], reached) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error("not now");
      }
      for (const { seq } of messages) {
        applied.push(seq);
        reached(seq);
      }
    },
    onStreamLost: (error) => lost.push(error),
    log: createLogger("test", "fatal"),
  });
  return { ...followed, applied, lost };
};

test("an empty stream is caught up at once, and messages are applied as they come", async () => {
  const { isCaughtUp, applied, lag, stop } = following(0);
  await eventually(isCaughtUp);
  expect(lag()).toBe(0);
  const { seq } = await streams.event();
  await eventually(() => expect(applied).toEqual([seq]));
  await stop();
});

test("messages up to the position are not read again, and a batch that fails is", async () => {
  const [first, second] = [await streams.event(), await streams.event()];
  const { applied, appliedUpTo, isCaughtUp, stop } = following(first.seq, 1);
  expect(isCaughtUp()).toBe(false);
  await eventually(isCaughtUp);
  expect(applied).toEqual([second.seq]);
  expect(appliedUpTo()).toBe(second.seq);
  await stop();
});

test("it reads anew where it makes no progress towards the stream's end", async () => {
  const { isCaughtUp, applied, compare, appliedUpTo, lag, stop } = following(0);
  await eventually(isCaughtUp);
  const last_seq = appliedUpTo() + 1;
  for (let n = 0; n < 10; n += 1) compare({ first_seq: 1, last_seq });
  expect(lag()).toBe(1);
  const { seq } = await streams.event();
  await eventually(() => expect(applied.at(-1)).toBe(seq));
  expect(lag()).toBe(0);
  await stop();
});

test("a stream that is deleted is lost", async () => {
  const { isCaughtUp, lost, stop } = following(0);
  await eventually(isCaughtUp);
  await streams.nats.jsm.streams.delete(STREAMS.events);
  await eventually(() => expect(lost).not.toEqual([]));
  await stop();
});
