import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Answer, type Platform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(({ path }) => status(path === "/failing" ? 503 : 200));
  platform = await startPlatform({ dispatcherEnv: { RETRY_DELAYS: "100ms" } });
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const put = async (uid: string, more: object = {}): Promise<Record<string, unknown>> => {
  const body = { url: receiver.url(`/${uid}`), ...more };
  const answer = await platform.api("PUT", `/endpoints/${uid}`, body);
  expect(answer.status).toBe(201);
  return answer.body as Record<string, unknown>;
};

const tryOut = (uid: string, body?: object): Promise<Answer> =>
  platform.api("POST", `/endpoints/${uid}/test-event`, body);

const isVerified = (path: string, secret: unknown): boolean => {
  const [request] = receiver.requestsTo(path).slice(-1);
  const headers = request?.headers as Record<string, string>;
  try {
    return (
      new Webhook(String(secret)).verify(request?.body.toString() ?? "", headers) !== undefined
    );
  } catch {
    return false;
  }
};

test("a test event goes to one endpoint alone, signed with the secret of its creation", async () => {
  const crm = await put("crm");
  await put("bystander");
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/agent") },
  ]);
  const answer = await tryOut("crm");
  expect(answer).toMatchObject({
    status: 200,
    body: {
      attempt: {
        trigger: "test",
        attempt: 1,
        endpoint_id: crm["endpoint_id"],
        agent_id: "test-agent",
        outcome: { kind: "delivered" },
      },
    },
  });
  expect(isVerified("/crm", crm["signing_secret"])).toBe(true);
  expect(receiver.requestsTo("/crm")[0]?.headers).toMatchObject({ "ringback-test": "true" });
  for (const path of ["/bystander", "/agent"]) expect(receiver.requestsTo(path)).toEqual([]);
});

const rotate = async (overlap: string): Promise<string> => {
  const path = "/endpoints/rotated/rotate-secret";
  const { body } = await platform.api("POST", path, { overlap });
  return (body as { signing_secret: string }).signing_secret;
};

test("after a rotation both secrets verify until the overlap ends, and then the new one alone", async () => {
  const first = (await put("rotated"))["signing_secret"];
  const second = await rotate("1h");
  await tryOut("rotated");
  expect([first, second].map((secret) => isVerified("/rotated", secret))).toEqual([true, true]);
  const third = await rotate("0s");
  await tryOut("rotated");
  const verified = [first, second, third].map((secret) => isVerified("/rotated", secret));
  expect(verified).toEqual([false, false, true]);
});

test("a test of an endpoint that fails is answered with the failure; no retry follows", async () => {
  await put("failing", { agents: ["a7"], event_types: ["recording_completed"] });
  const answer = await tryOut("failing");
  expect(answer).toMatchObject({
    status: 200,
    body: {
      attempt: {
        agent_id: "a7",
        event_type: "recording_completed",
        outcome: { kind: "failed", reason: "status" },
        next: { kind: "done" },
      },
    },
  });
  expect(receiver.requestsTo("/failing")).toHaveLength(1);
});

test("a test is of a type that the endpoint is for, and reaches a paused endpoint", async () => {
  await put("exhausted", { event_types: ["delivery_exhausted", "call_*"] });
  await platform.api("POST", "/endpoints/exhausted/pause");
  const own = await tryOut("exhausted", { event_type: "delivery_exhausted" });
  expect(own).toMatchObject({
    status: 200,
    body: { attempt: { agent_id: "_workspace", outcome: { kind: "delivered" } } },
  });
  for (const event_type of ["recording_completed", "call_complete"]) {
    expect(await tryOut("exhausted", { event_type })).toMatchObject({
      status: 422,
      body: { errors: [{ path: "event_type" }] },
    });
  }
});
