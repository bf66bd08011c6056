import { SCHEDULED_RETRIES } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startReceiver,
  type ReceivedRequest,
  type Receiver,
} from "../harness/receiver/receiver.ts";

failOnLeaks();

const EVENTS = 14;
const ENDPOINT_MAX_IN_FLIGHT = 2;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: {
        ENDPOINT_MAX_IN_FLIGHT: String(ENDPOINT_MAX_IN_FLIGHT),
        RETRY_DELAYS: "1h",
      },
    }),
    startReceiver({ kind: "hang" }),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await receiver.stop();
  await platform.stop();
});

const publishAll = (): Promise<readonly { readonly seq: number }[]> => {
  const calls = Array.from({ length: EVENTS }, (_, n) => ({ callId: `call-${n}` }));
  return Promise.all(calls.map((call) => platform.publish(call)));
};

/** How many messages of each kind NATS has for dispatchers. */
const waiting = async () => {
  const { jsm } = platform.client;
  const filter = { subjects_filter: SCHEDULED_RETRIES };
  const { state } = await jsm.streams.info("RETRIES", filter);
  const scheduled = Object.keys(state.subjects ?? {}).length;
  const events = await jsm.consumers.info("EVENTS", "dispatcher");
  return {
    scheduled,
    due: state.messages - scheduled,
    eventsInWork: events.num_ack_pending,
    eventsToCome: events.num_pending,
  };
};

const eventIds = (requests: readonly ReceivedRequest[]): string[] =>
  requests.map(({ headers }) => String(headers["webhook-id"])).toSorted();

test("deliveries that a dispatcher put off before it was killed are made once each by another one", async () => {
  await publishAll();
  const putOff = EVENTS - ENDPOINT_MAX_IN_FLIGHT;
  await eventually(
    async () =>
      expect(await waiting()).toEqual({
        scheduled: putOff,
        due: 0,
        eventsInWork: ENDPOINT_MAX_IN_FLIGHT,
        eventsToCome: 0,
      }),
    { intervalMs: 5, what: "all are put off but those that are in flight" },
  );
  await platform.dispatchers[0]?.kill();
  const inFlight = eventIds(receiver.requests);
  expect(inFlight).toHaveLength(ENDPOINT_MAX_IN_FLIGHT);

  receiver.setScript(status(200));
  platform.dispatchers.push(await platform.startDispatcher());
  const wasPutOff = ({ headers }: ReceivedRequest): boolean =>
    !inFlight.includes(String(headers["webhook-id"]));
  await eventually(async () => {
    const { scheduled, due } = await waiting();
    expect({ scheduled, due }).toEqual({ scheduled: 0, due: 0 });
  });
  const made = receiver.requests.filter(wasPutOff);
  expect(new Set(eventIds(made)).size).toBe(putOff);
  expect(made.map(({ headers }) => headers["ringback-attempt"])).toEqual(Array(putOff).fill("1"));
});

test("those that were in flight when it was killed are still owed", async () => {
  const { eventsInWork } = await waiting();
  const repeated = receiver.requests.length - EVENTS;
  expect(eventsInWork + repeated).toBe(ENDPOINT_MAX_IN_FLIGHT);
  expect(await platform.deadLetters()).toEqual([]);
});
