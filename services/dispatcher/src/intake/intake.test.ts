import { DISPATCHER_CONSUMER, eventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { closeNats, connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { startNatsServer, type NatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import {
  EVENT_BODY,
  handlerDeps,
  responding,
  streamsInMemory,
} from "../../../../test/harness/streams-in-memory.ts";
import { readDispatcherSettings } from "../config.ts";
import { startIntake } from "./intake.ts";

failOnLeaks();

const log = createLogger("test", "silent");

let server: NatsServer;
let nats: Nats;
let origins: Awaited<ReturnType<typeof ensureStreams>>;
const lost: unknown[] = [];

beforeAll(async () => {
  server = await startNatsServer();
  const settings = readDispatcherSettings({
    NATS_URL: server.url,
    ALLOW_PLAINTEXT_HEADERS: "true",
  });
  nats = await connectNats(settings, "test", log, () => undefined);
  const { signal } = new AbortController();
  const options = { management: settings.STREAM_MANAGEMENT, recreate: settings.MAKE_LOST_STREAMS };
  origins = await ensureStreams(nats.jsm, wantedStreams(settings), { log, signal, ...options });
});

afterAll(async () => {
  await closeNats(nats);
  await server.stop();
});

/** An intake whose messages are real; what it stores is in memory. */
const start = async (send = responding(200).send) => {
  const streams = streamsInMemory();
  const deps = handlerDeps(streams, { send });
  const intake = startIntake({
    nats,
    maxInFlight: 4,
    limiter: deps.limiter,
    deps,
    origins,
    management: "manage",
    acknowledgedUpTo: () => undefined,
    onStreamLost: (error) => lost.push(error),
  });
  await intake.started;
  return { intake, streams };
};

const unacknowledged = async (stream: "EVENTS" | "RETRIES"): Promise<number> => {
  const info = await consumerInfo(nats, stream, DISPATCHER_CONSUMER);
  return info === undefined ? -1 : info.num_pending + info.num_ack_pending;
};

test("an event is pulled, recorded and acknowledged; so is a retry that cannot be parsed, after its dead letter", async () => {
  const { intake, streams } = await start();
  await nats.js.publish(eventSubject(ADDRESS), EVENT_BODY);
  await nats.js.publish(dueRetrySubject(ADDRESS, "7"), "");
  await eventually(async () => {
    expect(streams.records).toMatchObject([{ attempt: 1, outcome: { kind: "delivered" } }]);
    expect([...streams.deadLetters.values()]).toMatchObject([{ reason: "internal" }]);
    expect([await unacknowledged("EVENTS"), await unacknowledged("RETRIES")]).toEqual([0, 0]);
  });
  await intake.stop(AbortSignal.timeout(5_000));
  expect(lost).toEqual([]);
});

test("a stop waits for the request that is in flight, and no longer than it may", async () => {
  const { promise: response, resolve: respond } = Promise.withResolvers<void>();
  const endpoint = responding(200);
  const { intake, streams } = await start(async (request) => {
    const sent = endpoint.send(request);
    await response;
    return sent;
  });
  await nats.js.publish(eventSubject(ADDRESS), EVENT_BODY);
  await eventually(() => expect(endpoint.requests).toHaveLength(1));
  const stopped = intake.stop(AbortSignal.timeout(30_000));
  const other = await nats.js.publish(eventSubject(ADDRESS), EVENT_BODY);
  respond();
  await stopped;
  expect(streams.records).toHaveLength(1);
  const { state } = await nats.jsm.streams.info(STREAMS.events);
  expect(state.last_seq).toBe(other.seq);
  expect(await unacknowledged("EVENTS")).toBe(1);
});
