import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(
    byPath({
      "/good": inTurn(status(500), status(200)),
      "/bad": status(500),
      "/later": status(503),
    }),
  );
  platform = await startPlatform({ env: { RETRY_DELAYS: "200ms" } });
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/good") },
    { event_type: "recording_completed", callback_url: receiver.url("/bad") },
    {
      event_type: "platform_analysis_completed",
      callback_url: receiver.url("/later"),
      delivery: { retry_delays: ["1h"] },
    },
  ]);
});
afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

type Shown = Readonly<Record<string, unknown>> & { readonly attempts: unknown[] };

/** The one event of a call, once it has this status. */
const eventIn = (callId: string, wanted: string): Promise<Shown> =>
  eventually(
    async () => {
      const { body } = await platform.api("GET", `/calls/${callId}/events`);
      const [event] = (body as { events?: Shown[] }).events ?? [];
      if (event?.["status"] !== wanted) throw new Error(JSON.stringify(body));
      return event;
    },
    { what: `${callId} is ${wanted}` },
  );

test("what became of an event is told as it happens: each status, with its attempts", async () => {
  await platform.publish({ callId: "good" });
  await platform.publish({ callId: "bad", eventType: "recording_completed" });
  await platform.publish({ callId: "later", eventType: "platform_analysis_completed" });
  await platform.publish({ callId: "unwanted", eventType: "client_analysis_completed" });
  await platform.publish({ callId: "stranger", agentId: "a9" });
  await platform.client.js.publish("events.w1.broken.a1.call_completed", "{");

  const good = await eventIn("good", "delivered");
  expect(good).toMatchObject({ attempt_count: 2, next_attempt_at: null, dead_letter: null });
  expect(good.attempts).toMatchObject([
    { attempt: 2, trigger: "retry", outcome: { kind: "delivered" }, next: { kind: "done" } },
    { attempt: 1, trigger: "event", outcome: { kind: "failed", reason: "status" } },
  ]);
  const bad = await eventIn("bad", "dead_lettered");
  expect(bad).toMatchObject({ attempt_count: 2, dead_letter: { reason: "exhausted" } });
  const { body: letter } = await platform.api("GET", `/dead-letters/${String(bad["event_id"])}`);
  expect(letter).toMatchObject({ reason: "exhausted", last_attempt: { attempt: 2 } });
  const later = await eventIn("later", "retrying");
  const waitMs = Date.parse(String(later["next_attempt_at"])) - Date.now();
  expect(waitMs).toBeGreaterThan(3_500_000);
  expect(waitMs).toBeLessThan(4_000_000);
  expect(await eventIn("unwanted", "no_subscription")).toMatchObject({ attempts: [] });
  await eventIn("stranger", "no_subscription");
  const broken = await eventIn("broken", "dead_lettered");
  expect(broken).toMatchObject({
    payload_base64: "ew==",
    dead_letter: { reason: "invalid_event" },
  });
});

test("an event that was posted is delivered as any other, with the bytes that were posted", async () => {
  const text = '{"n":1.0,"event_type":"call_completed","call_id":"posted","agent_id":"a1"}';
  const answer = await fetch(platform.subscriptions.httpUrl("/ca/api/v0/events"), {
    method: "POST",
    headers: { "x-api-key": platform.apiKeys[0] ?? "", "content-type": "application/json" },
    body: text,
  });
  expect(answer.status).toBe(202);
  const { events } = (await answer.json()) as { events: { event_id: string }[] };
  const event = await eventIn("posted", "delivered");
  expect(event["event_id"]).toBe(events[0]?.event_id);
  const bodies = receiver.requests.map(({ body }) => body.toString());
  expect(bodies).toContain(text);
});
