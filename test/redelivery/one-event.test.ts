import { headers as natsHeaders } from "@nats-io/nats-core";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import type { DeliveryPolicy } from "@ringback/contracts/agents/delivery-policy";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Script, inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import {
  call,
  idOf,
  nothingComesBack,
  recorded,
  recordsOf,
  redeliver,
  told,
  type Answered,
  type PublishedEvent,
} from "./scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
const scripts = new Map<string, Script>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "10m" } }),
    startReceiver((request, nth) => scripts.get(request.path)?.(request, nth) ?? status(200)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const OK = status(200);
const FAILS = status(500);
const GIVES_UP: DeliveryPolicy = { retry_delays: [] };

const subscribe = (agentId: string, delivery?: DeliveryPolicy): Promise<void> => {
  const url = receiver.url(`/${agentId}`);
  const subscription = { event_type: "call_completed" as const, callback_url: url };
  return platform.subscribe(
    [delivery === undefined ? subscription : { ...subscription, delivery }],
    {
      agentId,
    },
  );
};

/** An event of an agent of its own, whose endpoint answers by the script. */
const published = async (
  agentId: string,
  script: Script,
  delivery?: DeliveryPolicy,
): Promise<PublishedEvent> => {
  scripts.set(`/${agentId}`, script);
  await subscribe(agentId, delivery);
  return platform.publish({ callId: agentId, agentId });
};

describe.concurrent("an event", () => {
  test("that was delivered is delivered again as the same message, from attempt 1 on", async () => {
    const event = await published("delivered", inTurn(OK));
    await recorded(platform, event, 1);
    const answer = await redeliver(platform, event);
    expect(answer).toMatchObject({ status: 202, body: { mode: "redelivery", attempt: 1 } });
    const { delivery_id, event_id } = answer.body;
    expect(event_id).toBe(await idOf(platform, event));
    expect(told(await recorded(platform, event, 2))).toEqual([
      { attempt: 1, trigger: "event", outcome: "delivered", next: "done" },
      { attempt: 1, trigger: "redelivery", outcome: "delivered", next: "done", delivery_id },
    ]);
    const [first, second] = await receiver.received(2, { path: "/delivered" });
    expect(second?.body).toEqual(first?.body);
    for (const name of ["webhook-id", "ringback-attempt", "ringback-event-type"]) {
      expect(second?.headers[name]).toBe(first?.headers[name]);
    }
  });

  test("that was given up is delivered by its redelivery", async () => {
    const event = await published("dead", inTurn(FAILS, OK), GIVES_UP);
    await recorded(platform, event, 1);
    expect(await redeliver(platform, event)).toMatchObject({ status: 202 });
    expect(told(await recorded(platform, event, 2)).map(({ next }) => next)).toEqual([
      "dead_letter",
      "done",
    ]);
  });

  test("that is given up again leaves a second dead letter, which names its delivery", async () => {
    const event = await published("dead-again", inTurn(FAILS), GIVES_UP);
    await recorded(platform, event, 1);
    const { body } = await redeliver(platform, event);
    const letters = await eventually(
      async () => {
        const all = await platform.deadLetters();
        const own = all.filter((letter) => letter.event_seq === event.seq);
        return own.length < 2 ? null : own;
      },
      { what: "two dead letters" },
    );
    expect(letters.map((letter) => letter["delivery_id"])).toEqual([
      undefined,
      body["delivery_id"],
    ]);
    expect(letters.map(({ reason }) => reason)).toEqual(["exhausted", "exhausted"]);
  });

  test("is redelivered with the whole schedule, of which each attempt is the same delivery's", async () => {
    const event = await published("schedule", inTurn(OK, FAILS, OK), { retry_delays: ["1s"] });
    await recorded(platform, event, 1);
    const { delivery_id } = (await redeliver(platform, event)).body;
    expect(told(await recorded(platform, event, 3)).slice(1)).toEqual([
      { attempt: 1, trigger: "redelivery", outcome: "failed", next: "retry", delivery_id },
      { attempt: 2, trigger: "retry", outcome: "delivered", next: "done", delivery_id },
    ]);
    await nothingComesBack(platform, "schedule");
  });

  test("that waits for a retry is tried now: its schedule is gone, and no attempt is made twice", async () => {
    const event = await published("waiting", inTurn(FAILS, OK));
    await recorded(platform, event, 1);
    const answer = await eventually(
      async () => {
        const asked = await redeliver(platform, event);
        return asked.status === 202 ? asked : null; // 409: between its record and its schedule
      },
      { what: "the retry waits" },
    );
    const retry = { mode: "retry_now", attempt: 2, delivery_id: String(event.seq) };
    expect(answer.body).toMatchObject(retry);
    expect(told(await recorded(platform, event, 2))).toEqual([
      { attempt: 1, trigger: "event", outcome: "failed", next: "retry" },
      { attempt: 2, trigger: "redelivery", outcome: "delivered", next: "done" },
    ]);
    await nothingComesBack(platform, "waiting");
    expect(receiver.requestsTo("/waiting")).toHaveLength(2);
  });

  test("keeps its schedule however often it is tried now, unless the tries are to count", async () => {
    const event = await published("impatient", inTurn(FAILS), { retry_delays: ["10m", "1h"] });
    const tried = async (attempt: number, counts: boolean): Promise<Answered> => {
      await recorded(platform, event, attempt - 1);
      const body = { counts_against_schedule: counts };
      return eventually(
        async () => {
          const asked = await redeliver(platform, event, {}, body);
          return asked.status === 202 ? asked : null; // 409: between its record and its schedule
        },
        { what: `attempt ${attempt} waits` },
      );
    };
    const waits = async (n: number) => {
      const { at, duration_ms, next } = (await recorded(platform, event, n))[n - 1]!;
      if (next.kind !== "retry") return next.kind;
      const waitMs = Date.parse(next.at) - Date.parse(at) - duration_ms;
      return { attempts: next.attempts_left, longerThanAnHour: waitMs >= 3_600_000 };
    };
    for (const attempt of [2, 3, 4]) {
      expect(await tried(attempt, false)).toMatchObject({
        body: { mode: "retry_now", attempt, attempts_left: 2 },
      });
      expect(await waits(attempt)).toEqual({ attempts: 2, longerThanAnHour: false });
    }
    expect((await tried(5, true)).body).toMatchObject({ attempt: 5, attempts_left: 1 });
    expect(await waits(5)).toEqual({ attempts: 1, longerThanAnHour: true });
    expect((await tried(6, true)).body).toMatchObject({ attempt: 6, attempts_left: 0 });
    expect(await waits(6)).toBe("dead_letter");
    const anew = await eventually(
      async () => {
        const asked = await redeliver(platform, event);
        return asked.status === 202 ? asked : null; // 409: its last message is not acknowledged yet
      },
      { what: "the delivery has ended" },
    );
    expect(anew.body).toMatchObject({ mode: "redelivery", attempts_left: null });
  });

  test("that is being delivered is not delivered a second time meanwhile", async () => {
    const late = { kind: "late_status", status: 200, afterMs: 1_500 } as const;
    const event = await published("in-work", inTurn(late));
    await receiver.received(1, { path: "/in-work" }).catch(() => undefined);
    expect(await redeliver(platform, event)).toMatchObject({
      status: 409,
      body: { code: "delivery_in_progress" },
    });
    await recorded(platform, event, 1);
    expect((await redeliver(platform, event)).status).toBe(202);
    // Neither while the redelivery is under way.
    expect((await redeliver(platform, event)).body).toMatchObject({ code: "delivery_in_progress" });
    await recorded(platform, event, 2);
    await nothingComesBack(platform, "in-work");
    expect(receiver.requestsTo("/in-work")).toHaveLength(2);
  });

  test("without a subscription is delivered to one that was made since", async () => {
    const event = await platform.publish({ callId: "late", agentId: "late" });
    await eventually(
      async () => {
        const { ack_floor } = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
        return ack_floor.stream_seq >= event.seq;
      },
      { what: "the event is acknowledged" },
    );
    await subscribe("late");
    expect(await redeliver(platform, event)).toMatchObject({ status: 202 });
    expect(told(await recorded(platform, event, 1))).toMatchObject([
      { attempt: 1, trigger: "redelivery", outcome: "delivered" },
    ]);
  });

  test("whose subscription is gone is recorded as cancelled when it is redelivered", async () => {
    const event = await published("removed", inTurn(OK));
    await recorded(platform, event, 1);
    await platform.unsubscribe(["call_completed"], { agentId: "removed" });
    expect(await redeliver(platform, event)).toMatchObject({ status: 202 });
    expect(told(await recorded(platform, event, 2))).toMatchObject([
      { outcome: "delivered" },
      { outcome: "cancelled", trigger: "redelivery", next: "done" },
    ]);
    expect(receiver.requestsTo("/removed")).toHaveLength(1);
  });

  test("is redelivered as such also when its endpoint has no place for it at first", async () => {
    const late = { kind: "late_status", status: 200, afterMs: 700 } as const;
    const event = await published("busy", inTurn(late), { max_in_flight: 1 });
    const others = [];
    await recorded(platform, event, 1);
    for (const n of [1, 2]) {
      others.push(await platform.publish({ callId: `busy-${n}`, agentId: "busy" }));
    }
    await receiver.received(1, { path: "/busy" });
    const { delivery_id } = (await redeliver(platform, event)).body;
    const [, again] = told(await recorded(platform, event, 2));
    expect(again).toMatchObject({ attempt: 1, trigger: "redelivery", delivery_id });
    await Promise.all(others.map((other) => recorded(platform, other, 1)));
    const metrics = await platform.dispatchers[0]!.metrics();
    expect(metrics.value("ringback_deferred_total")).toBeGreaterThan(0);
  });

  test("that is gone when its redelivery comes is a dead letter that says so", async () => {
    const event = await published("gone", inTurn(OK));
    await recorded(platform, event, 1);
    await platform.client.jsm.streams.deleteMessage("EVENTS", event.seq);
    expect(await redeliver(platform, event)).toMatchObject({
      status: 404,
      body: { code: "event_not_found" },
    });
    // What was asked for before it was gone.
    const headers = natsHeaders();
    const deliveryId = `${event.seq}-asked-before`;
    const due = { deliveryId, eventSeq: event.seq, attempt: 1, dueMs: Date.now(), deferrals: 0 };
    const retry = { ...due, address: event.address, trigger: "redelivery" } as const;
    for (const [name, value] of retryHeaders(retry)) headers.set(name, value);
    await platform.client.js.publish(dueRetrySubject(event.address, deliveryId), "", { headers });
    const letter = await eventually(
      async () => {
        const all = await platform.deadLetters();
        return all.find(({ event_seq }) => event_seq === event.seq) ?? null;
      },
      { what: "its dead letter" },
    );
    expect(letter).toMatchObject({ reason: "event_expired", delivery_id: deliveryId });
    expect(receiver.requestsTo("/gone")).toHaveLength(1);
  });
});

describe.concurrent("a request to redeliver", () => {
  test("with an Idempotency-Key is carried out once", async () => {
    const event = await published("keyed", inTurn(OK));
    await recorded(platform, event, 1);
    const key = { "idempotency-key": "redeliver-keyed" };
    const first = await redeliver(platform, event, key);
    expect(first.status).toBe(202);
    const again = await redeliver(platform, event, key);
    await recorded(platform, event, 2);
    const later = await redeliver(platform, event, key);
    for (const repeat of [again, later]) {
      expect(repeat).toMatchObject({ status: 202, body: first.body });
      expect(repeat.headers.get("idempotency-replayed")).toBe("true");
    }
    await nothingComesBack(platform, "keyed");
    expect(await recordsOf(platform, event)).toHaveLength(2);
    const other = await published("keyed-2", inTurn(OK));
    expect(await redeliver(platform, other, key)).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
  });

  test("with an Idempotency-Key brings one attempt forward, not the next one too", async () => {
    const event = await published("keyed-retry", inTurn(FAILS));
    await recorded(platform, event, 1);
    const key = { "idempotency-key": "retry-keyed" };
    await eventually(async () => (await redeliver(platform, event, key)).status === 202, {
      what: "the retry waits",
    });
    await recorded(platform, event, 2);
    const repeat = await redeliver(platform, event, key);
    expect(repeat).toMatchObject({ status: 202, body: { mode: "retry_now", attempt: 2 } });
    expect(told(await recordsOf(platform, event))).toHaveLength(2);
  });

  test.each(["evt_0_1", "evt_t85s00_1", "nonsense", "evt_zzzzzz_0", "%00"])(
    "of '%s', which is no event, is answered 404",
    async (id) => {
      expect(await call(platform, "POST", `/events/${id}/redeliver`)).toMatchObject({
        status: 404,
        body: { code: "event_not_found" },
      });
    },
  );

  test("with a query, of which it knows nothing, is refused with its name", async () => {
    const path = "/events/evt_0_1/redeliver?force=true";
    expect(await call(platform, "POST", path)).toMatchObject({
      status: 422,
      body: { errors: [{ path: "force" }] },
    });
  });

  test("of another workspace's event is answered as if there were none", async () => {
    const event = await published("theirs", inTurn(OK));
    const theirs = { "x-api-key": platform.apiKeys[1] ?? "" };
    const unknown = await redeliver(platform, { ...event, seq: 999_999 }, theirs);
    const foreign = await redeliver(platform, event, theirs);
    expect(foreign).toMatchObject({ status: 404, body: { code: "event_not_found" } });
    const nameless = ({ body }: typeof foreign) =>
      JSON.stringify(body).replaceAll(/evt_\w+/g, "<id>");
    expect(nameless(foreign)).toBe(nameless(unknown));
  });

  test("of an event that was not understood says why it cannot be", async () => {
    const subject = "events.w1.broken.broken.call_completed";
    const { seq } = await platform.client.js.publish(subject, "no JSON");
    const address = { workspaceId: "w1", callId: "broken", agentId: "broken" };
    const event = { seq, address: { ...address, eventType: "call_completed" } } as const;
    expect(await redeliver(platform, event)).toMatchObject({
      status: 409,
      body: { code: "event_not_deliverable", detail: expect.stringContaining("JSON") },
    });
  });
});

test("redeliveries count as attempts and deliveries, and not as events", async () => {
  const [dispatcher] = platform.dispatchers;
  const events = async () =>
    (await dispatcher!.metrics()).value("ringback_events_total", {
      event_type: "call_completed",
      result: "accepted",
    });
  const event = await published("counted", inTurn(OK));
  await recorded(platform, event, 1);
  const before = await events();
  await redeliver(platform, event);
  await recorded(platform, event, 2);
  expect(await events()).toBe(before);
});
