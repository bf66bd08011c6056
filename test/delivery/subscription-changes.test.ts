import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

/** Paths that begin with /fail fail, all others accept. */
const byName: Script = ({ path }) => status(path.startsWith("/fail") ? 500 : 200);

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1s,1s,1s" } }),
    startReceiver(byName),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const cancelledSoFar = async (): Promise<number> => {
  const metrics = await platform.dispatchers[0]?.metrics();
  return metrics?.value("ringback_deliveries_total", { result: "cancelled" }) ?? -1;
};

describe("between attempts", () => {
  test("a subscription that changes is used as it then is: URL, method and headers", async () => {
    const at = { agentId: "changed" };
    const before = { callback_url: receiver.url("/fail/old"), headers: { "x-key": "old" } };
    await platform.subscribe([{ event_type: "call_completed", ...before }], at);
    const event = await platform.publish({ callId: "c1", ...at });
    await platform.attempted(event, 1);
    const after = {
      callback_url: receiver.url("/new"),
      method_type: "PUT" as const,
      headers: { "x-other": "new" },
    };
    await platform.subscribe([{ event_type: "call_completed", ...after }], at);
    const [first, second, ...others] = await platform.attempted(event, 2);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ request: { method: "POST", url: receiver.url("/fail/old") } });
    expect(second).toMatchObject({
      attempt: 2,
      request: { method: "PUT", url: receiver.url("/new") },
      outcome: { kind: "delivered" },
    });
    const [request] = receiver.requestsTo("/new");
    expect(request).toMatchObject({ method: "PUT", headers: { "x-other": "new" } });
    expect(request?.headers).not.toHaveProperty("x-key");
    expect(request?.headers["webhook-id"]).toBe(first?.event_id);
  });

  test("a subscription that is removed ends the delivery, recorded and counted as cancelled", async () => {
    const at = { agentId: "removed" };
    const url = receiver.url("/fail/removed");
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
    const before = await cancelledSoFar();
    const event = await platform.publish({ callId: "c1", ...at });
    await platform.attempted(event, 1);
    await platform.unsubscribe(["call_completed"], at);
    const [, second, ...others] = await platform.attempted(event, 2);
    expect(others).toEqual([]);
    expect(second).toMatchObject({
      attempt: 2,
      trigger: "retry",
      outcome: { kind: "cancelled" },
      next: { kind: "done" },
    });
    expect(second).not.toHaveProperty("request");
    expect(receiver.requestsTo("/fail/removed")).toHaveLength(1);
    await eventually(async () => (await cancelledSoFar()) === before + 1);
    expect(
      (await platform.deadLetters()).filter((letter) => letter.event_seq === event.seq),
    ).toEqual([]);
  });

  test("an agent that is deregistered ends the delivery, too", async () => {
    const at = { agentId: "deregistered" };
    const url = receiver.url("/fail/deregistered");
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
    const event = await platform.publish({ callId: "c1", ...at });
    await platform.attempted(event, 1);
    expect(await platform.api("DELETE", "/agent/v1/deregistered")).toMatchObject({ status: 204 });
    const [, second] = await platform.attempted(event, 2);
    expect(second).toMatchObject({ outcome: { kind: "cancelled" } });
  });

  test("one that is removed and added again goes on, to the new URL", async () => {
    const at = { agentId: "added" };
    const url = receiver.url("/fail/added");
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
    const event = await platform.publish({ callId: "c1", ...at });
    await platform.attempted(event, 1);
    await platform.unsubscribe(["call_completed"], at);
    const again = receiver.url("/added-again");
    await platform.subscribe([{ event_type: "call_completed", callback_url: again }], at);
    const [, second] = await platform.attempted(event, 2);
    expect(second).toMatchObject({ request: { url: again }, outcome: { kind: "delivered" } });
  });
});

describe("an event that nobody subscribed is acknowledged and counted, and nothing is sent", () => {
  test.each([
    ["of an agent that nobody knows", { agentId: "nobody" }],
    ["of a type that its agent did not subscribe", { agentId: "other-type" }],
    ["of another workspace's agent of the same name", { agentId: "other-type", workspaceId: "w2" }],
  ])("%s", async (_name, at) => {
    const url = receiver.url("/unwanted");
    await platform.subscribe([{ event_type: "recording_completed", callback_url: url }], {
      agentId: "other-type",
    });
    const counted = async (): Promise<number> => {
      const metrics = await platform.dispatchers[0]?.metrics();
      const labels = { event_type: "call_completed", result: "no_subscription" };
      return metrics?.value("ringback_events_total", labels) ?? -1;
    };
    const before = await counted();
    const event = await platform.publish({ callId: "unwanted", ...at });
    await eventually(async () => (await counted()) === before + 1);
    await eventually(async () => {
      const info = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
      expect(info.ack_floor.stream_seq).toBeGreaterThanOrEqual(event.seq);
    });
    expect(await platform.attemptsOf(event)).toEqual([]);
    expect(receiver.requestsTo("/unwanted")).toEqual([]);
  });

  test("a subscription that is added later does not bring it back", async () => {
    const at = { agentId: "late" };
    const missed = await platform.publish({ callId: "missed", ...at });
    await eventually(async () => {
      const info = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
      expect(info.ack_floor.stream_seq).toBeGreaterThanOrEqual(missed.seq);
    });
    const url = receiver.url("/late");
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
    const next = await platform.publish({ callId: "next", ...at });
    await platform.attempted(next, 1);
    expect(receiver.requestsTo("/late")).toHaveLength(1);
    expect(await platform.attemptsOf(missed)).toEqual([]);
  });
});
