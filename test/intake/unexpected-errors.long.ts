import type { EventAddress } from "@ringback/contracts/events/event";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/intake/impatient-dispatcher.ts",
      dispatcherEnv: { RETRY_DELAYS: "1s,1s", RETRY_JITTER: "0" },
    }),
    startReceiver(),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

type Published = { readonly seq: number; readonly address: EventAddress };

const EXCERPT = "a customer's own words";

/** A delivery whose first attempt failed, and whose last record nobody can read then. */
const garbled = async (agentId: string): Promise<Published & { readonly garbage: number }> => {
  receiver.setScript(inTurn(status(500), status(200)));
  await platform.subscribe(
    [{ event_type: "call_completed", callback_url: receiver.url(`/${agentId}`) }],
    { agentId },
  );
  const event = await platform.publish({ callId: "c1", agentId });
  await platform.attempted(event, 1);
  const subject = attemptSubject(event.address, String(event.seq));
  const { seq } = await platform.client.js.publish(subject, `{"excerpt": ${EXCERPT}`);
  return { ...event, garbage: seq };
};

const errorsOf = ({ seq }: Published) =>
  platform.dispatchers
    .flatMap(({ logs }) => logs)
    .filter((line) => line["msg"] === "delivery.unexpected_error" && line["event_seq"] === seq);

const held = ({ address, seq }: Published) =>
  eventually(
    async () => {
      const query = { last_by_subj: scheduledRetrySubject(address, String(seq)) };
      const found = await platform.client.jsm.streams.getMessage("RETRIES", query);
      return found?.header.get("Ringback-Held-Since") ? found : null;
    },
    { what: "the delivery is held back by a schedule" },
  );

const letterOf = ({ seq }: Published) =>
  eventually(
    async () => (await platform.deadLetters()).find((one) => one.event_seq === seq) ?? null,
    { timeoutMs: 60_000, what: "the dead letter" },
  );

const faults = async (): Promise<number> => {
  const pages = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
  const values = pages.map((page) =>
    page.value("ringback_own_faults_total", { fault: "unexpected" }),
  );
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
};

test("a delivery that meets an unexpected error is held back, counted and logged, and goes on with the same attempt", async () => {
  const before = await faults();
  const event = await garbled("mended");
  await held(event);
  await platform.client.jsm.streams.deleteMessage("ATTEMPTS", event.garbage);
  const records = await platform.attempted(event, 2);
  expect(records).toMatchObject([
    { attempt: 1, outcome: { kind: "failed", status_code: 500 } },
    { attempt: 2, outcome: { kind: "delivered" } },
  ]);
  const lines = errorsOf(event);
  expect(lines.length).toBeGreaterThan(0);
  expect(await faults()).toBe(before + lines.length);
  expect(lines[0]).toMatchObject({
    level: "error",
    next: "held_back",
    event_type: "call_completed",
    call_id: "c1",
    agent_id: "mended",
    workspace_id: "w1",
    attempt: 2,
  });
  expect(JSON.stringify(lines)).toContain("that are not JSON: expected a record");
  expect(JSON.stringify(lines)).not.toContain("customer's own");
});

test("it is given up as internal when its time is over, later each time, with no attempt used up", async () => {
  const event = await garbled("broken");
  const letter = await letterOf(event);
  expect(letter).toMatchObject({
    reason: "internal",
    event_seq: event.seq,
    event_type: "call_completed",
    call_id: "c1",
    agent_id: "broken",
    workspace_id: "w1",
    message: expect.stringMatching(
      /^given up after unexpected errors of the platform's own since /,
    ),
  });
  const lines = errorsOf(event);
  const times = lines.map(({ time }) => Date.parse(String(time)) || Number(time));
  const waits = times.slice(1).map((time, n) => time - (times[n] ?? 0));
  expect(lines.at(-1)).toMatchObject({ next: "dead_letter" });
  expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(6_000);
  // 200, 400, 800, 1000 ms …: at least three of them are seen, each longer than the one before.
  expect(waits[1]).toBeGreaterThan(waits[0]!);
  expect(waits[2]).toBeGreaterThan(waits[1]!);
  expect(receiver.requestsTo("/broken")).toHaveLength(1);
  const metrics = await platform.dispatchers[0]!.metrics();
  expect(metrics.value("ringback_dead_letters_total", { reason: "internal" })).toBe(1);
  // Nothing waits, and nothing is held: the messages are gone from RETRIES.
  await eventually(async () => {
    const { state } = await platform.client.jsm.streams.info("RETRIES");
    expect(state.messages).toBe(0);
  });
});

test("the next event is delivered at once while another delivery is held back", async () => {
  const event = await garbled("stuck");
  await held(event);
  const next = await platform.publish({ callId: "c2", agentId: "stuck" });
  expect(await platform.attempted(next, 1)).toMatchObject([{ outcome: { kind: "delivered" } }]);
  const { num_ack_pending } = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
  expect(num_ack_pending).toBe(0);
  await letterOf(event);
});

test("how long a delivery has been held back is known after a restart", async () => {
  const event = await garbled("restarted");
  const since = (await held(event)).header.get("Ringback-Held-Since");
  await platform.dispatchers[0]!.stop();
  const again = await platform.startDispatcher();
  platform.dispatchers.push(again);
  const letter = await letterOf(event);
  expect(letter).toMatchObject({ reason: "internal" });
  expect(letter.message).toContain(`since ${since}: `);
  expect(Date.parse(letter.at) - Date.parse(since)).toBeLessThan(12_000);
});
