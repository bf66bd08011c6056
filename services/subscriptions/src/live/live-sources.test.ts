import { DeliverPolicy } from "@nats-io/jetstream";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { readFrames } from "../../../../test/live/read-frames.ts";
import { liveConnection } from "./connection.ts";
import { positionId } from "./decide/position.ts";
import { permissionsOf, type Permission } from "../http/auth/permissions.ts";
import type { LiveSource } from "./follow.ts";
import { liveSources, type StreamQuery } from "./live-sources.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());
beforeEach(async () => {
  for (const stream of ["EVENTS", "ATTEMPTS"]) await streams.nats.jsm.streams.purge(stream);
});

const CREATED = { attempts: createdAt(1_000_000), events: createdAt(2_000_000) };
const FROM = { attempts: 40, events: 50 };

const sight = () => ({ workspaceId: "w1" });

/** What a connection sends for a query; `frames` is without the `ready` that comes first. */
const sceneOf = (query: Partial<StreamQuery> = {}, granted: Permission = "payloads") => {
  const connection = liveConnection(FROM, CREATED);
  const include = new Set(["attempts", "events"] as const);
  const viewer = { permissions: permissionsOf([granted]) };
  const target = { from: FROM, streams: CREATED, connection, viewer };
  const sources = liveSources({ workspaceId: "w1", sight, include, ...query }, target);
  const all = readFrames(connection.body);
  const frames = async (count: number) => {
    await eventually(() => expect(all.length).toBeGreaterThan(count));
    return all.slice(1);
  };
  const end = (): void => void connection.body.destroy();
  return { sources, frames, end };
};

/** Sends all that is stored for a source. */
const sendAll = async ({ stream, filter, headersOnly, send }: LiveSource): Promise<void> => {
  const consumer = await streams.nats.js.consumers.get(stream, {
    filter_subjects: filter,
    deliver_policy: DeliverPolicy.All,
    headers_only: headersOnly,
  });
  const { num_pending: stored } = await consumer.info();
  if (stored > 0) {
    for await (const message of await consumer.fetch({ max_messages: stored })) send(message);
  }
  await consumer.delete();
};

test("a record that cannot be read is left out, and the position moves on with the next one", async () => {
  const event = await streams.event();
  await streams.nats.js.publish(attemptSubject(ADDRESS, "7"), '{"attempt": "none"}');
  const seq = await streams.attempt(event);
  const { sources, frames, end } = sceneOf({ include: new Set(["attempts"]) });
  for (const source of sources) await sendAll(source);
  const id = positionId({ ...FROM, attempts: seq }, CREATED);
  const data = expect.objectContaining({ event_seq: event.seq, outcome: expect.anything() });
  expect(await frames(1)).toEqual([{ event: "attempt", id, data }]);
  end();
});

test("an event is sent without its payload, with the payload's size and the ids of its subject", async () => {
  const address = { callId: "call.1", agentId: "agent-1" };
  const { seq } = await streams.event(address);
  const stored = await streams.nats.jsm.streams.getMessage("EVENTS", { seq });
  const { sources, frames, end } = sceneOf({ include: new Set(["events"]) });
  for (const source of sources) await sendAll(source);
  expect(await frames(1)).toEqual([
    {
      event: "event",
      id: positionId({ ...FROM, events: seq }, CREATED),
      data: {
        event_id: eventId(CREATED.events, seq),
        event_seq: seq,
        event_type: "call_completed",
        call_id: "call.1",
        agent_id: "agent-1",
        workspace_id: "w1",
        stored_at: stored?.time.toISOString(),
        size_bytes: stored?.data.length,
      },
    },
  ]);
  end();
});

test("an event whose subject is malformed is left out", async () => {
  await streams.nats.js.publish("events.w1.%zz.a1.call_completed", "{}");
  const { seq } = await streams.event();
  const { sources, frames, end } = sceneOf();
  for (const source of sources) await sendAll(source);
  expect(await frames(1)).toMatchObject([{ event: "event", data: { event_seq: seq } }]);
  end();
});

test("what is missed of one stream moves the position on that one alone", async () => {
  const { sources, frames, end } = sceneOf();
  expect(sources.map(({ stream, afterSeq }) => [stream, afterSeq])).toEqual([
    ["ATTEMPTS", FROM.attempts],
    ["EVENTS", FROM.events],
  ]);
  for (const [n, { gap }] of sources.entries()) gap(7 + n, 100 + n);
  expect(await frames(2)).toEqual([
    {
      event: "missed",
      id: positionId({ ...FROM, attempts: 100 }, CREATED),
      data: { of: "attempts", count: 7 },
    },
    {
      event: "missed",
      id: positionId({ attempts: 100, events: 101 }, CREATED),
      data: { of: "events", count: 8 },
    },
  ]);
  end();
});

test("attempts at one endpoint are sent alone, and the position moves over the others", async () => {
  const [wanted, other] = ["ep_abcdefgh234567ab", "ep_bbcdefgh234567ab"];
  const event = await streams.event();
  await streams.attempt(event);
  await streams.attempt(event, { deliveryId: `${event.seq}-${other}` });
  await streams.attempt(event, { deliveryId: `${event.seq}-${wanted}` });
  const seq = await streams.attempt(event, { deliveryId: `${event.seq}-${wanted}-r1` });
  await streams.attempt(event, { deliveryId: `${event.seq}-r1` });
  const { sources, frames, end } = sceneOf({ endpointId: wanted });
  const [attempts, events] = sources;
  if (attempts === undefined || events === undefined) throw new Error("both are included");
  await sendAll(attempts);
  const ids = (await frames(2)).map(({ id, data }) => [
    id,
    (data as { delivery_id: string }).delivery_id,
  ]);
  expect(ids).toEqual([
    [positionId({ ...FROM, attempts: seq - 1 }, CREATED), `${event.seq}-${wanted}`],
    [positionId({ ...FROM, attempts: seq }, CREATED), `${event.seq}-${wanted}-r1`],
  ]);
  events.gap(1, 60);
  const last = (await frames(3)).at(-1);
  expect(last?.id).toBe(positionId({ attempts: seq + 1, events: 60 }, CREATED));
  end();
});
