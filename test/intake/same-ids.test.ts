import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver()]);
  const where = [
    { agentId: "a1", workspaceId: "w1" },
    { agentId: "a2", workspaceId: "w1" },
    { agentId: "a1", workspaceId: "w2" },
  ];
  for (const at of where) {
    const url = receiver.url(`/${at.workspaceId}/${at.agentId}`);
    await platform.subscribe([{ event_type: "call_completed", callback_url: url }], at);
  }
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const receivedAt = (path: string): unknown[] =>
  receiver.requestsTo(path).map(({ body }) => JSON.parse(body.toString("utf8")));

test("two agents and two workspaces with the same call id get each its own event", async () => {
  const callId = "same-call";
  const events = [
    await platform.publish({ callId, body: bodyFor(callId, "w1/a1") }),
    await platform.publish({ callId, agentId: "a2", body: bodyFor(callId, "w1/a2") }),
    await platform.publish({ callId, workspaceId: "w2", body: bodyFor(callId, "w2/a1") }),
  ];
  expect(events.map(({ duplicate }) => duplicate)).toEqual([false, false, false]);
  for (const event of events) await platform.attempted(event, 1);
  for (const owner of ["w1/a1", "w1/a2", "w2/a1"]) {
    expect(receivedAt(`/${owner}`)).toEqual([bodyFor(callId, owner)]);
  }
  for (const event of events) {
    const [record, ...others] = await platform.attemptsOf(event);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ workspace_id: event.address.workspaceId, call_id: callId });
  }
});

test("an event that is published twice with the same message id is delivered once", async () => {
  const first = await platform.publish({ callId: "twice" });
  const second = await platform.publish({ callId: "twice" });
  expect(second).toMatchObject({ seq: first.seq, duplicate: true });
  await platform.attempted(first, 1);
  const marker = await platform.publish({ callId: "marker" });
  await platform.attempted(marker, 1);
  expect(receivedAt("/w1/a1").filter((body) => callIdOf(body) === "twice")).toHaveLength(1);
});

test("call_completed of a call's second attempt is a new event and delivered", async () => {
  const callId = "called-again";
  const body = (retry_count: number) => ({
    event_type: "call_completed",
    call_id: callId,
    retry_count,
  });
  const first = await platform.publish({ callId, body: body(0) });
  const second = await platform.publish({ callId, body: body(1) });
  expect(second.duplicate).toBe(false);
  await platform.attempted(first, 1);
  await platform.attempted(second, 1);
  const bodies = receivedAt("/w1/a1").filter((one) => callIdOf(one) === callId);
  expect(bodies).toHaveLength(2);
  expect(bodies).toEqual(expect.arrayContaining([body(0), body(1)]));
});

test("the second attempt may also be named beside a body that does not say it", async () => {
  const first = await platform.publish({ callId: "named" });
  const second = await platform.publish({ callId: "named", retryCount: 1 });
  expect([first.duplicate, second.duplicate]).toEqual([false, false]);
  for (const event of [first, second]) await platform.attempted(event, 1);
});

const bodyFor = (callId: string, owner: string) => ({
  event_type: "call_completed",
  call_id: callId,
  custom_args_values: { owner },
});

const callIdOf = (body: unknown): unknown => (body as { call_id: unknown }).call_id;
