import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { type Answered, call, recordsOf } from "./scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
const scripts = new Map<string, Script>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "100ms" } }),
    startReceiver((request, nth) => scripts.get(request.path)?.(request, nth) ?? status(200)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const SLOW: Script = () => ({ kind: "late_status", status: 200, afterMs: 500 });

const tryOut = (agentId: string, event_type = "call_completed"): Promise<Answered> =>
  call(platform, "POST", `/agent/v1/${agentId}/test-event`, { event_type });

const subscribe = (agentId: string, script: Script, delivery = {}): Promise<void> => {
  scripts.set(`/${agentId}`, script);
  const callback_url = receiver.url(`/${agentId}`);
  const list = [{ event_type: "call_completed" as const, callback_url, delivery }];
  return platform.subscribe(list, { agentId });
};

/** The event of an answer, as a test finds it in the streams. */
const eventOf = async ({ body }: Answered) => {
  const seq = Number(String(body["event_id"]).split("_")[2]);
  const stored = await platform.client.jsm.streams.getMessage("EVENTS", { seq });
  const [, workspaceId = "", callId = "", agentId = ""] = stored!.subject.split(".");
  const address = { workspaceId, callId, agentId, eventType: "call_completed" } as const;
  return { seq, address, stored: stored! };
};

describe.concurrent("a test event", () => {
  test("is a realistic event, which says to the endpoint and in the stream that it is a test", async () => {
    await subscribe("good", () => status(200));
    const answer = await tryOut("good");
    expect(answer).toMatchObject({
      status: 200,
      body: {
        attempt: { trigger: "test", attempt: 1, outcome: { kind: "delivered" }, agent_id: "good" },
      },
    });
    const [request] = receiver.requestsTo("/good");
    expect(request?.headers).toMatchObject({
      "ringback-test": "true",
      "webhook-id": answer.body["event_id"],
    });
    const body = JSON.parse(request!.body.toString()) as Record<string, unknown>;
    expect(body).toMatchObject({
      agent_id: "good",
      workspace_id: "w1",
      event_type: "call_completed",
    });
    expect(body["call_id"]).toMatch(/^test-[0-9a-f-]{36}$/);
    expect(body["transcript"]).toBeInstanceOf(Array);
    const { stored, address } = await eventOf(answer);
    expect(isTestEvent((name) => stored.header.get(name))).toBe(true);
    expect(address.callId).toBe(body["call_id"]);
  });

  test("that the endpoint refuses is answered with the refusal; no retry and no dead letter follow", async () => {
    await subscribe("failing", () => status(503, { body: "out of order" }));
    const answer = await tryOut("failing");
    expect(answer).toMatchObject({
      status: 200,
      body: {
        attempt: {
          outcome: { kind: "failed", reason: "status", status_code: 503 },
          response: { body_excerpt: "out of order" },
          next: { kind: "done" },
        },
      },
    });
    // What comes after it in the same way has come: nothing of it is left anywhere.
    const real = await platform.publish({ callId: "real", agentId: "failing" });
    await platform.attempted(real, 2);
    expect(await recordsOf(platform, await eventOf(answer))).toHaveLength(1);
    const letters = await platform.deadLetters();
    expect(letters.filter(({ event_id }) => event_id === answer.body["event_id"])).toEqual([]);
  });

  test("that the endpoint never answers is answered when the subscription's deadline is over", async () => {
    await subscribe("hanging", () => ({ kind: "hang" }), { timeout: "1s" });
    expect(await tryOut("hanging")).toMatchObject({
      status: 200,
      body: { attempt: { outcome: { kind: "failed", reason: "timeout" } } },
    });
  });

  test("that has to wait for a place is still a test when it has one", async () => {
    await subscribe("busy", SLOW, { rate_limit: { per_second: 0.5, burst: 1 } });
    const answers = await Promise.all([tryOut("busy"), tryOut("busy"), tryOut("busy")]);
    for (const answer of answers) {
      expect(answer.body).toMatchObject({ attempt: { trigger: "test", next: { kind: "done" } } });
    }
    expect(receiver.requestsTo("/busy").map(({ headers }) => headers["ringback-test"])).toEqual([
      "true",
      "true",
      "true",
    ]);
    const [dispatcher] = platform.dispatchers;
    expect((await dispatcher!.metrics()).value("ringback_deferred_total")).toBeGreaterThan(0);
  });

  test("is not delivered again: a new one is sent instead", async () => {
    await subscribe("again", () => status(200));
    const { body } = await tryOut("again");
    const path = `/events/${String(body["event_id"])}/redeliver`;
    expect(await call(platform, "POST", path)).toMatchObject({
      status: 409,
      body: { code: "event_not_deliverable" },
    });
  });

  test.each([
    ["an agent that is not there", "nobody", "call_completed", 404, "agent_not_found"],
    ["what cannot be an agent", "%20", "call_completed", 404, "agent_not_found"],
    [
      "a type without a subscription",
      "typed",
      "recording_completed",
      404,
      "subscription_not_found",
    ],
    ["a type that does not exist", "typed", "call_dreamt", 422, "validation_failed"],
  ])("for %s is refused", async (_, agentId, type, code, problem) => {
    await subscribe("typed", () => status(200));
    const answer = await tryOut(agentId, type);
    expect(answer).toMatchObject({ status: code, body: { code: problem } });
  });
});

test("a test event is answered 202 when no dispatcher attempts it in time, and is attempted later", async () => {
  await subscribe("later", () => status(200), { timeout: "1s" });
  await platform.dispatchers[0]!.stop();
  const answer = await tryOut("later");
  expect(answer).toMatchObject({ status: 202, body: { attempt: null } });
  const event = await eventOf(answer);
  const dispatcher = await platform.startDispatcher();
  await eventually(async () => (await recordsOf(platform, event)).length === 1, {
    what: "its attempt",
  });
  await dispatcher.stop();
});
