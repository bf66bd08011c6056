import { originIn } from "@ringback/contracts/streams/stream-origin";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerIn, NOBODY } from "../../../../test/harness/callers.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { readFrames, type Frame } from "../../../../test/live/read-frames.ts";
import { liveConnections, type LiveConnections } from "./connections.ts";
import { positionId, type LiveStreams } from "./decide/position.ts";
import { liveStream } from "./live-stream.ts";

failOnLeaks();

let streams: Streams;
let created: LiveStreams;
beforeAll(async () => {
  streams = await startStreams();
  const originOf = (stream: "EVENTS" | "ATTEMPTS") => originIn(streams.origins, stream);
  created = { events: originOf(STREAMS.events), attempts: originOf(STREAMS.attempts) };
});
afterAll(() => streams.stop());

const CALLER = callerIn("w1");
const FAULTS: readonly Fault[] = ["before", "after"];

const noConnections = (): LiveConnections => liveConnections(NOBODY, () => new Date());

/** Opens a stream of a new service; `frames` is what it sent so far. */
const open = async (
  lastEventId?: string,
  {
    nats = streams.nats,
    connections = noConnections(),
  }: { nats?: Nats; connections?: LiveConnections } = {},
) => {
  const log = createLogger("test", "silent");
  const live = liveStream({
    nats,
    log,
    connections,
    streams: created,
    endpointsSeenBy: () => new Set(),
  });
  const query = { workspaceId: "w1", include: new Set(["attempts", "events"] as const) };
  const opened = await live.open(CALLER, {}, query, lastEventId);
  const body = opened.kind === "open" ? opened.body : undefined;
  const leave = (): void => void body?.destroy();
  const close = async (): Promise<void> => {
    leave();
    await eventually(async () => {
      for (const stream of [STREAMS.events, STREAMS.attempts]) {
        expect((await streams.nats.jsm.streams.info(stream)).state.consumer_count).toBe(0);
      }
    });
  };
  return { opened, frames: body === undefined ? [] : readFrames(body), leave, close };
};

const lastSeq = async (stream: "EVENTS" | "ATTEMPTS"): Promise<number> =>
  (await streams.nats.jsm.streams.info(stream)).state.last_seq;

const end = async () => ({
  attempts: await lastSeq(STREAMS.attempts),
  events: await lastSeq(STREAMS.events),
});

const eventsIn = (frames: readonly Frame[]): unknown[] =>
  frames.flatMap(({ event, data }) =>
    event === "event" ? [(data as { event_seq: number }).event_seq] : [],
  );

const missedIn = (frames: readonly Frame[]): unknown[] =>
  frames.flatMap(({ event, data }) => (event === "missed" ? [data] : []));

describe("opening", () => {
  test.each(FAULTS)(
    "takes no connection's place where the streams do not reply (%s)",
    async (fault) => {
      const connections = noConnections();
      const nats = withFailingCalls(streams.nats, () => fault);
      await expect(open(undefined, { nats, connections })).rejects.toThrow("timeout");
      expect(connections.count()).toBe(0);
    },
  );

  test("with an id that is none is refused before anything is read", async () => {
    let calls = 0;
    const nats = withFailingCalls(streams.nats, (call) => void (calls = call));
    const { opened } = await open("nonsense", { nats });
    expect([opened, calls]).toEqual([{ kind: "invalid_position" }, 0]);
  });

  test("sends what is stored after the streams' ends were read, and before they are followed", async () => {
    await streams.event();
    const real = noConnections();
    let stored: Promise<{ seq: number }> | undefined;
    const admit: LiveConnections["admit"] = (...args) => {
      stored = streams.event();
      return real.admit(...args);
    };
    const { frames, close } = await open(undefined, { connections: { ...real, admit } });
    const seq = (await stored)?.seq;
    await eventually(() => expect(eventsIn(frames)).toEqual([seq]));
    await close();
  });
});

describe("a position of an earlier connection", () => {
  test("goes on right behind it, and reports nothing as missed", async () => {
    const from = await end();
    const { seq } = await streams.event();
    const { frames, close } = await open(positionId(from, created));
    await eventually(() => expect(eventsIn(frames)).toEqual([seq]));
    expect(missedIn(frames)).toEqual([]);
    await close();
  });

  test("behind the streams' ends, as after a restored backup, is missed without a number, and then what is new comes", async () => {
    const { attempts, events } = await end();
    const { frames, close } = await open(positionId({ attempts, events: events + 5 }, created));
    const { seq } = await streams.event();
    await eventually(() => expect(eventsIn(frames)).toEqual([seq]));
    expect(missedIn(frames)).toEqual([
      { of: "attempts", count: null },
      { of: "events", count: null },
    ]);
    await close();
  });

  test("whose next messages have expired is missed of that stream alone, and what is kept comes", async () => {
    const from = await end();
    const [expired, kept] = [await streams.event(), await streams.event()];
    await streams.nats.jsm.streams.purge(STREAMS.events, { seq: kept.seq });
    expect(kept.seq).toBe(expired.seq + 1);
    const { frames, close } = await open(positionId(from, created));
    await eventually(() => expect(eventsIn(frames)).toEqual([kept.seq]));
    expect(missedIn(frames)).toEqual([{ of: "events", count: null }]);
    await close();
  });

  test("is not missed where nothing behind it has expired, though all before it has", async () => {
    const { seq } = await streams.event();
    await streams.nats.jsm.streams.purge(STREAMS.events);
    const { frames, close } = await open(positionId({ ...(await end()), events: seq }, created));
    const next = await streams.event();
    await eventually(() => expect(eventsIn(frames)).toEqual([next.seq]));
    expect(missedIn(frames)).toEqual([]);
    await close();
  });
});

test.each(FAULTS)(
  "each message is sent once, in its order, whichever call of following gets no reply (%s)",
  async (fault) => {
    let faults = 0;
    for (let n = 3; faults === n - 3; n += 1) {
      const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
      const nats = withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));
      const { frames, leave } = await open(undefined, { nats });
      const sent = [await streams.event(), await streams.event(), await streams.event()];
      await eventually(() => expect(eventsIn(frames)).toEqual(sent.map(({ seq }) => seq)));
      expect(missedIn(frames)).toEqual([]);
      // A consumer whose creation got no reply stays for as long as the server keeps unused ones.
      leave();
    }
    expect(faults).toBeGreaterThan(3);
  },
);
