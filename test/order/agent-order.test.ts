import { afterAll, beforeAll, expect, test } from "vitest";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { onceEach, ORDER, publishCall, TYPES, type Published } from "./call-scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

/** The first event of a call fails twice. */
beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: { RETRY_DELAYS: "400ms,400ms", RETRY_JITTER: "0", DELIVERY_TIMEOUT: "3s" },
    }),
    startReceiver(({ headers }) =>
      status(
        headers["ringback-event-type"] === TYPES[0] && Number(headers["ringback-attempt"]) < 3
          ? 503
          : 200,
      ),
    ),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const read = async (agentId: string): Promise<Record<string, unknown>[]> => {
  const { body } = await platform.api("GET", `/agent/v1/${agentId}`);
  return (body as { event_subscriptions: Record<string, unknown>[] }).event_subscriptions;
};

/** The requests for these events wherever they went, in the order of their arrival: `<type> <attempt>`. */
const arrived = (events: readonly Published[]): string[] =>
  receiver.requests
    .filter(({ headers }) =>
      events.some(({ seq }) => String(headers["webhook-id"]).endsWith(`_${seq}`)),
    )
    .map(
      ({ headers }) =>
        `${String(headers["ringback-event-type"])} ${String(headers["ringback-attempt"])}`,
    );

test("an agent's subscriptions with one URL are in one order, whatever its query, and that of another URL is not", async () => {
  const [first, second, other, ...rest] = TYPES;
  await platform.subscribe(
    [
      { event_type: first, callback_url: receiver.url("/calls?type=started"), order: ORDER },
      { event_type: [second, ...rest], callback_url: receiver.url("/calls"), order: ORDER },
      { event_type: other, callback_url: receiver.url("/recordings"), order: ORDER },
    ],
    { agentId: "one-url" },
  );
  expect((await read("one-url")).map(({ order }) => order)).toEqual(TYPES.map(() => ORDER));
  const events = await publishCall(platform, "one-url", { agentId: "one-url" });
  await receiver.received(1, { path: "/recordings" });
  expect(arrived(events)).not.toContain(`${second} 1`);
  await eventually(() => expect(arrived(events)).toHaveLength(TYPES.length + 2), {
    timeoutMs: 15_000,
  });
  const atCalls = arrived(events).filter((one) => !one.startsWith(other));
  expect(atCalls).toEqual([
    `${first} 1`,
    `${first} 2`,
    `${first} 3`,
    ...onceEach([second, ...rest]),
  ]);
});

test("an edit without `order` takes it away, and says so", async () => {
  const at = { agentId: "taken-away" };
  const subscription = { event_type: [...TYPES], callback_url: receiver.url("/taken-away") };
  await platform.subscribe([{ ...subscription, order: ORDER }], at);
  const { body } = await platform.api("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: at.agentId,
    event_subscriptions: [subscription],
  });
  const { replaced } = body as { replaced: { changed: string[] }[] };
  expect(replaced.map(({ changed }) => changed)).toEqual(TYPES.map(() => ["order"]));
  expect((await read(at.agentId)).some((one) => "order" in one)).toBe(false);
  const events = await publishCall(platform, "taken-away", at);
  await eventually(() => expect(arrived(events)).toHaveLength(TYPES.length + 2), {
    timeoutMs: 15_000,
  });
  expect(arrived(events).slice(-1)).toEqual([`${TYPES[0]} 3`]); // all others have overtaken it
});

test("retry now does not wait for the event's turn", async () => {
  const at = { agentId: "retry-now", callId: "retry-now" };
  await platform.subscribe(
    [{ event_type: [...TYPES], callback_url: receiver.url("/retry-now"), order: ORDER }],
    at,
  );
  const hung = await platform.publish({ ...at, eventType: TYPES[0], retryCount: 1 });
  receiver.setScript({ kind: "hang" });
  const waiting = await platform.publish(at);
  await eventually(async () => {
    const { state } = await platform.client.jsm.streams.info("RETRIES", {
      subjects_filter: `retries.scheduled.w1.${at.agentId}.${waiting.seq}`,
    });
    return Object.keys(state.subjects ?? {}).length === 1;
  });
  expect(arrived([waiting])).toEqual([]);
  const { created } = await platform.client.jsm.streams.info("EVENTS");
  const id = eventId(createdAt(Date.parse(created)), waiting.seq);
  expect((await platform.api("POST", `/events/${id}/redeliver`)).status).toBe(202);
  await eventually(() => expect(arrived([waiting])).toEqual([`${waiting.address.eventType} 1`]));
  expect(arrived([hung]).length).toBeLessThan(3);
});

/** Sets the one subscription of an agent with this order. */
const edit = (order: unknown) =>
  platform.api("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: "refused",
    event_subscriptions: [
      { event_type: "call_completed", callback_url: receiver.url("/refused"), order },
    ],
  });

test("what is left out of an order is `wait` and ten minutes, and what does not fit is refused with its path", async () => {
  expect((await edit({ by: "call" })).status).toBe(200);
  expect((await read("refused"))[0]?.["order"]).toEqual(ORDER);
  const wrong = [
    [{}, "by"],
    [{ by: "agent" }, "by"],
    [{ by: "call", on_failure: "stop" }, "on_failure"],
    [{ by: "call", max_wait: "500ms" }, "max_wait"],
    [{ by: "call", max_wait: "25h" }, "max_wait"],
    [{ by: "call", max_wait: 600 }, "max_wait"],
    [{ by: "call", more: true }, "more"],
  ] as const;
  for (const [order, field] of wrong) {
    const answer = await edit(order);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain(`event_subscriptions.0.order.${field}`);
  }
  expect((await edit(undefined)).status).toBe(200);
});
