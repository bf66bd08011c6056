import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { liveConnection } from "./connection.ts";
import { followLive, MAX_BEHIND } from "./follow.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

/** Follows EVENTS from a sequence on; `end` closes the connection and waits for the end. */
const following = (afterSeq: number) => {
  const connection = liveConnection(
    { attempts: 0, events: 0 },
    { attempts: createdAt(0), events: createdAt(0) },
  );
  const [sent, gaps]: [number[], [number, number][]] = [[], []];
  const source = {
    stream: STREAMS.events,
    filter: "events.>",
    headersOnly: true,
    afterSeq,
    send: ({ seq }: { seq: number }) => sent.push(seq),
    gap: (count: number, upToSeq: number) => gaps.push([count, upToSeq]),
  };
  const { nats } = streams;
  const ended = followLive(source, connection, { nats, log: createLogger("test", "fatal") });
  const end = async (): Promise<void> => {
    connection.body.destroy();
    await ended;
  };
  return { sent, gaps, end };
};

test("what is stored after the position is sent in its order, and the consumer goes with the connection", async () => {
  const before = await streams.event();
  const [second, third] = [await streams.event(), await streams.event()];
  const { sent, gaps, end } = following(before.seq);
  await eventually(() => expect(sent).toEqual([second.seq, third.seq]));
  const fourth = await streams.event();
  await eventually(() => expect(sent).toEqual([second.seq, third.seq, fourth.seq]));
  expect(gaps).toEqual([]);
  await end();
  expect((await streams.nats.jsm.streams.info(STREAMS.events)).state.consumer_count).toBe(0);
});

test("a client that is too far behind gets the number of what it missed, and then what is new", async () => {
  const { seq } = await streams.event();
  await Promise.all(Array.from({ length: MAX_BEHIND + 1 }, () => streams.event()));
  const { sent, gaps, end } = following(seq);
  await eventually(() => expect(gaps).toEqual([[MAX_BEHIND + 1, seq + MAX_BEHIND + 1]]));
  const next = await streams.event();
  await eventually(() => expect(sent).toEqual([next.seq]));
  await end();
});
