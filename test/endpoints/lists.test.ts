import { beforeAll, expect, test } from "vitest";
import { editOf } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { CRM, errorsIn, send } from "./scene.ts";

failOnLeaks();

const started = useApi();

const ALL = [
  { uid: "all" },
  { uid: "of-a1", agents: ["a1"] },
  { uid: "of-a2", agents: ["a2"], event_types: ["call_completed"] },
  { uid: "calls", event_types: ["call_*"] },
  { uid: "exhausted", agents: ["a9"], event_types: ["delivery_exhausted"] },
  { uid: "paused", event_types: ["recording_completed"] },
  { uid: "disabled" },
];

beforeAll(async () => {
  for (const one of ALL) await send(started.writer, "POST", "/endpoints", { ...CRM, ...one });
  await send(started.writer, "POST", "/endpoints/paused/pause");
  await send(started.writer, "POST", "/endpoints/disabled/disable");
});

const list = async (query = "") => {
  const { body } = await started.reader.get(`/endpoints${query}`);
  const rows = body?.["endpoints"] as { uid: string }[];
  return { uids: rows.map(({ uid }) => uid), rows, next: body?.["next_cursor"] };
};

test("endpoints are listed from the oldest on, without a secret", async () => {
  const { uids, rows, next } = await list();
  expect(uids).toEqual(ALL.map(({ uid }) => uid));
  expect(next).toBeNull();
  expect(rows[0]).toEqual({
    endpoint_id: expect.stringMatching(/^ep_/),
    uid: "all",
    url: "https://crm.example.com/calls",
    agents: ["*"],
    event_types: ["*"],
    state: "healthy",
    state_since: expect.any(String),
    version: 1,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
});

test.each([
  ["?agent_id=a1", ["all", "of-a1", "calls", "paused", "disabled"]],
  ["?event_type=call_completed", ["all", "of-a1", "of-a2", "calls", "disabled"]],
  ["?agent_id=a2&event_type=call_started", ["all", "calls", "disabled"]],
  ["?event_type=delivery_exhausted", ["exhausted"]],
  ["?state=paused", ["paused"]],
  ["?state=disabled&agent_id=a1", ["disabled"]],
  ["?state=healthy&event_type=recording_completed", ["all", "of-a1"]],
])("the list %s has those that such events go to", async (query, expected) => {
  expect((await list(query)).uids).toEqual(expected);
});

test("pages hold every endpoint once, with what is created meanwhile at the end", async () => {
  const seen: string[] = [];
  for (let next: unknown = ""; next !== null;) {
    const page = await list(`?limit=2${next === "" ? "" : `&cursor=${next as string}`}`);
    expect(page.uids.length).toBeLessThanOrEqual(2);
    if (seen.length === 0) await send(started.writer, "PUT", "/endpoints/later", CRM);
    seen.push(...page.uids);
    next = page.next;
  }
  expect(seen).toEqual([...ALL.map(({ uid }) => uid), "later"]);
  await started.writer.delete("/endpoints/later");
});

test("a list's query says what is wrong with it", async () => {
  const query = "?state=broken&agent_id=a.b&event_type=X&cursor=7&limit=0&uid=all";
  const answer = await started.reader.get(`/endpoints${query}`);
  expect(answer.status).toBe(422);
  const names = ["agent_id", "cursor", "event_type", "limit", "state", "uid"];
  expect(Object.keys(errorsIn(answer)).toSorted()).toEqual(names);
  expect((await started.other.get("/endpoints")).body).toEqual({
    endpoints: [],
    next_cursor: null,
  });
});

const match = (event_type: string, agent_id: string) =>
  send(started.reader, "POST", "/endpoints/match", { event_type, agent_id });

test("a match says who gets an event, and the first reason against each other endpoint", async () => {
  await started.admin.post({ agent_id: "a1", agent_display_name: "One" });
  await started.writer.patch(editOf("a1", "https://own.example.com/?key=s3cret", ["call_started"]));
  const answer = await match("call_started", "a1");
  expect(answer.status).toBe(200);
  const { matches, others, agent_subscription } = answer.body as Record<string, object[]>;
  expect(agent_subscription).toEqual({
    agent_id: "a1",
    event_type: "call_started",
    callback_url: "https://own.example.com/",
  });
  const url = "https://crm.example.com/calls";
  expect(matches).toMatchObject(["all", "of-a1", "calls"].map((uid) => ({ uid, url })));
  expect(others).toMatchObject([
    { uid: "of-a2", because: "agent" },
    { uid: "exhausted", because: "agent" },
    { uid: "paused", because: "event_type" },
    { uid: "disabled", because: "disabled" },
  ]);
});

test("a match of what nobody subscribed has no agent's subscription, and a paused endpoint is among the others", async () => {
  const { body } = await match("recording_completed", "nobody");
  expect(body).toMatchObject({
    agent_subscription: null,
    matches: [{ uid: "all" }],
    others: expect.arrayContaining([expect.objectContaining({ uid: "paused", because: "paused" })]),
  });
  const own = await match("delivery_exhausted", "_workspace");
  expect(own.body?.["matches"]).toMatchObject([{ uid: "exhausted" }]);
  const unknown = await match("call_complete", "a1");
  expect(errorsIn(unknown)).toHaveProperty("event_type");
});
