import { AckPolicy } from "@nats-io/jetstream";
import { agentsDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { deadLetterSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectRaw } from "../intake/raw-publisher.ts";
import { problem } from "../harness/api-client.ts";
import { recordOf, type Seeded, type SeededApi, startSeededApi } from "./seeded-api.ts";

failOnLeaks();

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi();
});
afterAll(() => api.stop());

const RETRY_AT = "2099-01-01T00:00:10.000Z";
const failed = { kind: "failed", reason: "status", status_code: 500 } as const;
const retry = { outcome: failed, next: { kind: "retry", at: RETRY_AT } } as const;

const eventOf = async (event: Seeded) => (await api.reader.get(`/events/${event.id}`)).body;
const payloadOf = (path: string): Promise<Response> =>
  fetch(api.service.httpUrl(`/ca/api/v0${path}`), {
    headers: { "x-api-key": api.keysFile.keys[2] ?? "" },
  });

describe("an event", () => {
  test("has the payload that was published, byte for byte, wherever it is shown", async () => {
    const body = String.raw`{"z":1, "call_id":"bytes","event_type":"call_completed" ,
      "n":[9007199254740993,1.0,1e2,-0],"u":"\u00e9é\/","transcript":[{"bot":"</script>"}]}`;
    const event = await api.seed({ callId: "bytes", body });
    for (const path of [`/events/${event.id}`, "/calls/bytes/events"]) {
      const text = await (await payloadOf(path)).text();
      expect(text).toContain(`,"payload":${body}}`);
      expect(() => JSON.parse(text)).not.toThrow();
    }
    const alone = await payloadOf(`/events/${event.id}/payload`);
    expect(Buffer.from(await alone.arrayBuffer()).toString()).toBe(body);
    expect(alone.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(alone.headers.get("content-length")).toBe(String(Buffer.byteLength(body)));
  });

  test("says whose it is, when it was stored and that nothing has become of it", async () => {
    const event = await api.seed({
      callId: "said",
      agentId: "a2",
      eventType: "recording_completed",
    });
    const found = await eventOf(event);
    expect(found).toEqual({
      event_id: event.id,
      event_type: "recording_completed",
      call_id: "said",
      agent_id: "a2",
      stored_at: expect.stringMatching(/^\d{4}-.*Z$/),
      size_bytes: 53,
      status: "pending",
      next_attempt_at: null,
      attempt_count: 0,
      // Its destinations are not known yet: it may turn out to have another one, or none.
      deliveries: [
        {
          delivery_id: String(event.seq),
          endpoint_id: null,
          status: "pending",
          attempts: 0,
          last_attempt_at: null,
          last_status_code: null,
          destination: null,
          next_attempt_at: null,
          dead_letter: null,
        },
      ],
      attempts: [],
      dead_letter: null,
      payload: { event_type: "recording_completed", call_id: "said" },
      skipped: [],
      warnings: [],
    });
    expect(Math.abs(Date.now() - Date.parse(String(found?.["stored_at"])))).toBeLessThan(60_000);
  });

  test("with a stored set of destinations shows those without an attempt, and is never without subscription", async () => {
    const event = await api.seed({ callId: "fanned-out" });
    const [first, second] = ["ep_abcdefgh234567ab", "ep_bbcdefgh234567ab"] as const;
    const deliveries = [
      { delivery_id: `${event.seq}-${first}`, endpoint_id: first },
      { delivery_id: `${event.seq}-${second}`, endpoint_id: second, uid: "crm" },
    ];
    const fanOut = { event_id: event.id, event_seq: event.seq, at: RETRY_AT, deliveries };
    await api.client.js.publish(fanOutSubject(event.address, event.seq), JSON.stringify(fanOut));
    await acknowledgeAll();
    expect(await eventOf(event)).toMatchObject({
      status: "pending",
      attempt_count: 0,
      deliveries: [
        { endpoint_id: first, status: "pending", attempts: 0, next_attempt_at: null },
        { endpoint_id: second, uid: "crm", status: "pending" },
      ],
    });
    await api.schedule(event, Date.parse(RETRY_AT), `${event.seq}-${second}`);
    await api.record(event, { endpoint_id: first, delivery: `${event.seq}-${first}` });
    const found = await eventOf(event);
    expect(found).toMatchObject({
      status: "pending",
      next_attempt_at: RETRY_AT,
      deliveries: [
        { endpoint_id: first, status: "delivered", attempts: 1 },
        { endpoint_id: second, status: "pending", next_attempt_at: RETRY_AT },
      ],
      attempts: [{ endpoint_id: first }],
    });
    expect((await api.reader.get("/calls/fanned-out/events")).body?.["events"]).toMatchObject([
      { deliveries: found?.["deliveries"] },
    ]);
    await api.client.jsm.consumers.delete("EVENTS", "dispatcher");
  });

  test("whose first attempt was put off says when it is due", async () => {
    const event = await api.seed({ callId: "put-off" });
    await api.schedule(event, Date.parse(RETRY_AT));
    expect(await eventOf(event)).toMatchObject({ status: "pending", next_attempt_at: RETRY_AT });
  });

  test("that waits for a retry has the time of its schedule, later than its record says", async () => {
    const event = await api.seed({ callId: "later" });
    await api.record(event, retry);
    expect(await eventOf(event)).toMatchObject({ status: "retrying", next_attempt_at: RETRY_AT });
    await api.schedule(event, Date.parse("2099-01-01T00:01:00Z"));
    const later = { status: "retrying", next_attempt_at: "2099-01-01T00:01:00.000Z" };
    expect(await eventOf(event)).toMatchObject(later);
  });

  test("has the attempts of all its deliveries and of no other event, newest first", async () => {
    const event = await api.seed({ callId: "runs" });
    const other = await api.seed({ callId: "runs" });
    await api.record(event, { ...retry, at: "2026-01-01T00:00:00.000Z" });
    await api.record(other, {});
    await api.record(event, {
      attempt: 2,
      trigger: "retry",
      outcome: failed,
      next: { kind: "dead_letter" },
    });
    const again = { delivery: `${event.seq}-job1`, delivery_id: `${event.seq}-job1` };
    await api.record(event, { ...again, redelivery_id: "job1", trigger: "redelivery" });
    const found = await eventOf(event);
    const shown = [
      {
        delivery_id: `${event.seq}-job1`,
        redelivery_id: "job1",
        attempt: 1,
        trigger: "redelivery",
      },
      { delivery_id: String(event.seq), attempt: 2, trigger: "retry" },
      { delivery_id: String(event.seq), attempt: 1, at: "2026-01-01T00:00:00.000Z" },
    ];
    expect(found).toMatchObject({ status: "delivered", attempt_count: 3, attempts: shown });
    const list = await api.reader.get(`/events/${event.id}/attempts`);
    expect(list.body).toEqual({ attempts: found?.["attempts"], next_cursor: null });
    const first = recordOf(event);
    expect(list.body?.["attempts"]).toMatchObject([
      {
        request: first.request,
        response: first.response,
        outcome: first.outcome,
        duration_ms: 12.5,
      },
      {},
      {},
    ]);
    // What only the platform needs stays inside.
    expect(JSON.stringify(list.body)).not.toMatch(/event_seq|workspace_id/);
  });

  test("gives its attempts in pages", async () => {
    const event = await api.seed({ callId: "pages" });
    for (let attempt = 1; attempt <= 5; attempt += 1)
      await api.record(event, { ...retry, attempt });
    const seen: unknown[] = [];
    let cursor = "";
    for (let pages = 0; pages < 3; pages += 1) {
      const { body } = await api.reader.get(`/events/${event.id}/attempts?limit=2${cursor}`);
      const attempts = (body?.["attempts"] ?? []) as { attempt: number }[];
      seen.push(...attempts.map(({ attempt }) => attempt));
      const next = cursorIn(body);
      if (next === undefined) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1]);
  });

  test("that no one can understand is found, with its bytes and why it was given up", async () => {
    const { js } = api.client;
    const raw = Buffer.from([0x7b, 0xff, 0x00]);
    const { seq } = await js.publish("events.acme.broken.a1.call_completed", raw);
    const { address } = await api.seed({ callId: "broken" });
    const event = {
      seq,
      id: `${(await api.seed({ callId: "x" })).id.replace(/\d+$/, "")}${seq}`,
      address,
    };
    const letter = {
      reason: "invalid_event",
      event_id: event.id,
      event_seq: seq,
      at: new Date().toISOString(),
      message: "body is not UTF-8: expected a JSON object in UTF-8",
      subject: "events.acme.broken.a1.call_completed",
      raw: raw.toString("base64"),
      truncated: false,
    };
    await js.publish(deadLetterSubject(address), JSON.stringify(letter));
    const { reason, at, message } = letter;
    const shown = {
      status: "dead_lettered",
      dead_letter: { reason, at, message },
      payload: null,
      payload_base64: letter.raw,
    };
    expect(await eventOf(event)).toMatchObject(shown);
    const call = await api.reader.get("/calls/broken/events");
    expect(call.body?.["events"]).toMatchObject([{ event_id: expect.anything() }, shown]);
    expect((await api.reader.get(`/dead-letters/${event.id}`)).body).toEqual({
      event_id: event.id,
      event_type: "call_completed",
      call_id: "broken",
      agent_id: "a1",
      reason,
      at,
      message,
      last_attempt: null,
      raw: letter.raw,
      raw_truncated: false,
    });
    const alone = await payloadOf(`/events/${event.id}/payload`);
    expect(alone.headers.get("content-type")).toBe("application/octet-stream");
    expect(Buffer.from(await alone.arrayBuffer())).toEqual(raw);
  });

  test("with headers that no client can read hides neither itself nor its call", async () => {
    const publisher = await connectRaw(api.server);
    const subject = "events.acme.hostile.a1.call_completed";
    const body = Buffer.from('{"event_type":"call_completed","call_id":"hostile"}');
    const headers = [
      "NATS/1.0\r\nbad name: 1\r\n\r\n",
      "NATS/1.0 404 Not Found\r\n\r\n",
      "NATS/1.0\r\nNats-Sequence: 1\r\nNats-Subject: events.other.c.a.call_completed\r\n\r\n",
    ];
    for (const raw of headers) await publisher.publish(subject, raw, body);
    publisher.close();
    // Where it is stored it is a filter, too, and finds those of others again.
    api.client.nc.publish("events.acme.hostile.*.call_completed", body);
    await api.client.nc.flush();
    await api.seed({ callId: "hostile" });
    const { body: call } = await api.reader.get("/calls/hostile/events");
    const events = call?.["events"] as { event_id: string; payload: unknown }[];
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(5);
    expect(events).toHaveLength(5);
    for (const { event_id, payload } of events) {
      expect(payload).toEqual(JSON.parse(body.toString()));
      expect((await api.reader.get(`/events/${event_id}`)).status).toBe(200);
    }
  });

  test.each([
    ["of no form", "nothing"],
    ["that was never given", "evt_1_1"],
    ["that is far ahead", undefined],
    ["as long as a path may be", `evt_${"1".repeat(2_000)}_1`],
  ])("with an id %s is not there", async (_, id) => {
    const { id: known } = await api.seed({ callId: "known" });
    const unknown = id ?? known.replace(/\d+$/, "9999999999999999");
    for (const path of [
      `/events/${unknown}`,
      `/events/${unknown}/attempts`,
      `/events/${unknown}/payload`,
    ]) {
      expect(await api.reader.get(path)).toMatchObject(problem(404, "event_not_found"));
    }
    const letter = await api.reader.get(`/dead-letters/${unknown}`);
    expect(letter).toMatchObject(problem(404, "dead_letter_not_found"));
  });
});

/** Where the next page begins; undefined behind the last one. */
const cursorIn = (body: Readonly<Record<string, unknown>> | null): string | undefined =>
  (body?.["next_cursor"] as string | null) ?? undefined;

const pageOf = async (callId: string, query: string) => {
  const { status, body } = await api.reader.get(`/calls/${callId}/events?${query}`);
  expect(status).toBe(200);
  const events = body?.["events"] as { event_id: string; attempts: unknown[] }[];
  return { ids: events.map(({ event_id }) => event_id), next: cursorIn(body), events };
};

describe("a call", () => {
  test("with more events than a page takes gives all of them, newest first and once each", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 61; n += 1) {
      // Others in between, so that its sequences are not next to each other.
      if (n % 7 === 0) await api.seed({ callId: `beside-${n}` });
      ids.push((await api.seed({ callId: "many" })).id);
    }
    const seen: string[] = [];
    let query = "limit=7";
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await pageOf("many", query);
      seen.push(...page.ids);
      if (pages === 0) await api.seed({ callId: "many" }); // comes before the first page, and shifts nothing
      if (page.next === undefined) break;
      query = `limit=7&cursor=${page.next}`;
    }
    expect(seen).toEqual(ids.toReversed());
  });

  test("with large payloads gives as many as are not too much at once", async () => {
    const filler = "x".repeat(900_000);
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const body = JSON.stringify({ event_type: "call_completed", call_id: "large", filler });
      ids.push((await api.seed({ callId: "large", body })).id);
    }
    const first = await pageOf("large", "limit=50");
    expect(first.ids).toEqual(ids.slice(2).toReversed());
    const second = await pageOf("large", `limit=50&cursor=${first.next}`);
    expect([second.ids, second.next]).toEqual([ids.slice(0, 2).toReversed(), undefined]);
  });

  test("shows the last attempts of an event that has many, and how many there are", async () => {
    const event = await api.seed({ callId: "tried" });
    for (let attempt = 1; attempt <= 12; attempt += 1)
      await api.record(event, { ...retry, attempt });
    const { events } = await pageOf("tried", "limit=1");
    expect(events).toMatchObject([{ attempt_count: 12, status: "retrying" }]);
    expect(events[0]?.attempts).toHaveLength(10);
    expect(events[0]?.attempts[0]).toMatchObject({ attempt: 12 });
  });

  test.each(["nobody", "a.b", "*", ">", "a".repeat(3_000), "%00"])(
    "that is not there, such as %s, is told as such",
    async (callId) => {
      const answer = await api.reader.get(`/calls/${encodeURI(callId)}/events`);
      expect(answer).toMatchObject(problem(404, "call_not_found"));
    },
  );

  test.each([
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=x", "limit"],
    ["cursor=x", "cursor"],
    ["status=delivered", "status"],
  ])("asked for with ?%s is refused with the parameter's name", async (query, path) => {
    const answer = await api.reader.get(`/calls/many/events?${query}`);
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    expect(answer.body?.["errors"]).toMatchObject([{ path }]);
  });
});

/** As dispatchers leave EVENTS behind when nothing is left to do. */
const acknowledgeAll = async (): Promise<void> => {
  const { js, jsm } = api.client;
  await jsm.consumers.add("EVENTS", {
    durable_name: "dispatcher",
    ack_policy: AckPolicy.Explicit,
    filter_subject: "events.>",
  });
  const consumer = await js.consumers.get("EVENTS", "dispatcher");
  const { num_pending } = await consumer.info();
  const messages = await consumer.fetch({ max_messages: num_pending, expires: 5_000 });
  for await (const message of messages) if (!(await message.ackAck())) throw new Error("no ack");
};

describe("an event that the dispatcher has acknowledged without an attempt", () => {
  afterEach(() => api.client.jsm.consumers.delete("EVENTS", "dispatcher"));

  test("had no subscription, unless it waits for its turn or is in work", async () => {
    const unwanted = await api.seed({ callId: "unwanted" });
    const scheduled = await api.seed({ callId: "scheduled" });
    const due = await api.seed({ callId: "due" });
    const dueAgain = await api.seed({ callId: "due-again" });
    await acknowledgeAll();
    await api.schedule(scheduled, Date.parse(RETRY_AT));
    // Due at once, so that the server publishes them where a dispatcher would take them.
    await api.schedule(due, Date.now());
    await api.schedule(dueAgain, Date.now(), `${dueAgain.seq}-by-hand`);
    const late = await api.seed({ callId: "after-the-floor" });
    await eventually(async () => {
      const { state } = await api.client.jsm.streams.info("RETRIES", { subjects_filter: ">" });
      expect(state.subjects).toMatchObject({
        [`retries.due.acme.a1.${due.seq}`]: 1,
        [`retries.due.acme.a1.${dueAgain.seq}-by-hand`]: 1,
      });
    });
    const statuses = await Promise.all(
      [unwanted, scheduled, due, dueAgain, late].map(
        async (one) => (await eventOf(one))?.["status"],
      ),
    );
    expect(statuses).toEqual(["no_subscription", "pending", "pending", "pending", "pending"]);
  });

  test("is not called so where more is due for its agent in the form of versions before than is searched", async () => {
    const busy = await api.seed({ callId: "busy", agentId: "a-busy" });
    const quiet = await api.seed({ callId: "quiet", agentId: "a-quiet" });
    await acknowledgeAll();
    const subject = agentsDueRetrySubject(busy.address);
    const publishing = Array.from({ length: 1_000 }, () => api.client.js.publish(subject, ""));
    await Promise.all(publishing);
    expect(await eventOf(busy)).toMatchObject({ status: "pending" });
    expect(await eventOf(quiet)).toMatchObject({ status: "no_subscription" });
  });
});

/** A dead letter as a dispatcher stores it, of an event's only attempt. */
const letterOf = (event: Seeded) => {
  const { outcome: _, ...record } = recordOf(event);
  return {
    ...record,
    reason: "exhausted",
    message: "given up after 1 attempt",
    last_attempt: { ...record, outcome: failed, next: { kind: "dead_letter" } },
  };
};

const storeLetter = (event: Seeded, fields: object = {}) =>
  api.client.js.publish(
    deadLetterSubject(event.address),
    JSON.stringify({ ...letterOf(event), ...fields }),
  );

test("a dead letter is found when its event was deleted by hand, without reading all the others", async () => {
  const before = await api.seed({ callId: "kept-before" });
  const event = await api.seed({ callId: "deleted" });
  await api.record(event, { outcome: failed, next: { kind: "dead_letter" } });
  await storeLetter(event);
  await storeLetter(event, { message: "given up again" });
  await api.client.jsm.streams.deleteMessage("EVENTS", event.seq);
  expect((await api.reader.get(`/events/${before.id}`)).status).toBe(200);
  expect(await api.reader.get(`/dead-letters/${event.id}`)).toMatchObject({
    status: 200,
    body: { event_id: event.id, message: "given up again", call_id: "deleted" },
  });
  expect((await api.other.get(`/dead-letters/${event.id}`)).status).toBe(404);
});

test("a dead letter that is listed is found by its id, also where EVENTS was made anew since", async () => {
  const address = { ...(await api.seed({ callId: "former" })).address };
  const event = { seq: 5, id: "evt_1a2b3c_5", address };
  await storeLetter(event);
  await eventually(async () => {
    const list = await api.reader.get("/dead-letters");
    expect(JSON.stringify(list.body)).toContain("evt_1a2b3c_5");
  });
  const found = await api.reader.get("/dead-letters/evt_1a2b3c_5");
  expect(found).toMatchObject({ status: 200, body: { event_id: event.id, call_id: "former" } });
});

test("a dead letter is found for weeks after its event is gone", async () => {
  const event = await api.seed({ callId: "gone" });
  await api.record(event, { outcome: failed, next: { kind: "dead_letter" } });
  await storeLetter(event);
  const before = await api.reader.get(`/dead-letters/${event.id}`);
  expect(before).toMatchObject({ status: 200, body: { reason: "exhausted", call_id: "gone" } });
  expect(before.body?.["last_attempt"]).toMatchObject({ delivery_id: String(event.seq) });
  await api.client.jsm.streams.purge("EVENTS", { seq: event.seq + 1 });
  expect((await api.reader.get(`/events/${event.id}`)).status).toBe(404);
  const after = await api.reader.get(`/dead-letters/${event.id}`);
  expect(after).toMatchObject({ status: 200, body: before.body ?? {} });
  expect((await api.other.get(`/dead-letters/${event.id}`)).status).toBe(404);
});
