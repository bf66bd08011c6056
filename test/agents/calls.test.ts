import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { editOf } from "../harness/api-client.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi();

const register = async (agent_id: string) => {
  const answer = await started.admin.post({ agent_id, agent_display_name: `Agent ${agent_id}` });
  expect(answer.status).toBe(201);
  return answer;
};

const CALL = {
  event_type: "call_completed",
  callback_url: "https://a.example.com/call",
  headers: { Authorization: "Bearer abc" },
  method_type: "PUT",
};

test("an agent is registered, and answered as it is", async () => {
  const answer = await register("registered");
  expect(answer.headers.get("location")).toBe("/ca/api/v0/agent/v1/registered");
  expect(answer.body).toEqual({
    agent_id: "registered",
    agent_display_name: "Agent registered",
    event_subscriptions: [],
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    updated_at: answer.body?.["created_at"],
    version: 1,
  });
  const read = await started.reader.get("/agent/v1/registered");
  expect(read).toMatchObject({ status: 200, body: answer.body });
});

test("registering again is 200 with the same name and 409 with another", async () => {
  const first = await register("again");
  const same = await started.admin.post({
    agent_id: "again",
    agent_display_name: "Agent again",
  });
  expect(same).toMatchObject({ status: 200, body: first.body });
  const other = await started.admin.post({ agent_id: "again", agent_display_name: "Rob" });
  expect(other).toMatchObject({ status: 409, body: { code: "agent_exists" } });
});

test("an agent without an id gets one", async () => {
  const answer = await started.admin.post({ agent_display_name: "Nameless" });
  expect(answer.status).toBe(201);
  const id = String(answer.body?.["agent_id"]);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await started.reader.get(`/agent/v1/${id}`)).toMatchObject({
    status: 200,
    body: { agent_display_name: "Nameless" },
  });
});

const edit = (event_subscriptions: unknown[]) =>
  started.writer.patch({
    operation: "edit_event_subscriptions",
    agent_id: "edited",
    event_subscriptions,
  });

test("a delivery policy is stored as it was set; an edit without it sets it back to the defaults", async () => {
  await register("policy");
  const delivery = { timeout: "10s", rate_limit: { per_second: 5, burst: 10 } };
  const set = (one: object) =>
    started.writer.patch({
      operation: "edit_event_subscriptions",
      agent_id: "policy",
      event_subscriptions: [{ ...CALL, ...one }],
    });
  const stored = await set({ delivery });
  expect(stored.body).toMatchObject({ version: 2, event_subscriptions: [{ ...CALL, delivery }] });
  const read = await started.reader.get("/agent/v1/policy");
  expect(read.body).toMatchObject({ event_subscriptions: [{ delivery }] });
  expect((await set({ delivery })).body).toMatchObject({ version: 2 });
  const other = { ...delivery, timeout: "11s" };
  expect((await set({ delivery: other })).body).toMatchObject({ version: 3 });
  expect((await set({})).body).toMatchObject({ version: 4, event_subscriptions: [CALL] });
  const bare = (await set({ delivery: {} })).body;
  expect(bare).toMatchObject({ version: 4 });
  expect(JSON.stringify(bare)).not.toContain("delivery");
});

test("an edit sets what it names and leaves the rest", async () => {
  await register("edited");
  const first = await edit([CALL]);
  expect(first).toMatchObject({
    status: 200,
    body: { event_subscriptions: [CALL], version: 2, replaced: [], removed: [] },
  });
  const named = { event_type: CALL.event_type, callback_url: CALL.callback_url };
  expect(first.body).toMatchObject({ added: [named], unchanged: [], kept: [] });
  expect((await edit([CALL])).body).toMatchObject({
    version: 2,
    added: [],
    replaced: [],
    unchanged: [named],
  });
  const types = ["recording_completed", "client_analysis_completed"];
  const second = await edit([{ event_type: types, callback_url: "https://B.example.com" }]);
  const plain = { callback_url: "https://b.example.com/", headers: {}, method_type: "POST" };
  expect(second.body?.["event_subscriptions"]).toEqual([
    CALL,
    { event_type: "recording_completed", ...plain },
    { event_type: "client_analysis_completed", ...plain },
  ]);
  const third = await edit([
    { ...CALL, callback_url: "https://c.example.com/", method_type: "PATCH" },
  ]);
  const other = { callback_url: plain.callback_url };
  expect(third.body).toMatchObject({
    added: [],
    replaced: [{ ...named, changed: ["callback_url", "method_type"] }],
    unchanged: [],
    kept: types.map((event_type) => ({ event_type, ...other })),
    removed: [],
  });
  const removal = { operation: "remove_event_subscriptions", event_types: types };
  expect((await started.writer.patch({ ...removal, agent_id: "edited" })).body).toMatchObject({
    removed: types.map((event_type) => ({ event_type, ...other })),
    kept: [{ event_type: "call_completed", callback_url: "https://c.example.com/" }],
  });
});

test("an agent is renamed, and keeps the rest", async () => {
  await register("renamed");
  await started.writer.patch(editOf("renamed", "https://a.example.com/", "call_completed"));
  const rename = { operation: "rename_agent", agent_id: "renamed", agent_display_name: "Anew" };
  expect(await started.writer.patch(rename)).toMatchObject({ status: 200, body: { version: 3 } });
  expect(await started.writer.patch(rename)).toMatchObject({ status: 200, body: { version: 3 } });
  expect((await started.reader.get("/agent/v1/renamed")).body).toMatchObject({
    agent_display_name: "Anew",
    event_subscriptions: [{ event_type: "call_completed" }],
  });
  const { body } = await started.reader.get("/agent/v1/renamed/history");
  expect(body).toMatchObject({
    changes: [{ type: "agent_renamed", agent_display_name: "Anew" }, {}, {}],
  });
  expect((await started.writer.patch({ ...rename, agent_id: "nobody" })).status).toBe(404);
  expect((await started.writer.patch({ ...rename, agent_display_name: "" })).status).toBe(422);
});

test("mode replace sets the whole list and tells what is gone", async () => {
  await register("replaced");
  await started.writer.patch(editOf("replaced", "https://a.example.com/"));
  const one = editOf("replaced", "https://b.example.com/", "call_completed");
  const answer = await started.writer.patch({ ...one, mode: "replace" });
  const url = "https://a.example.com/";
  expect(answer).toMatchObject({
    status: 200,
    body: {
      event_subscriptions: [
        { event_type: "call_completed", callback_url: "https://b.example.com/" },
      ],
      replaced: [{ event_type: "call_completed", callback_url: url }],
      removed: [
        { event_type: "recording_completed", callback_url: url },
        { event_type: "platform_analysis_completed", callback_url: url },
        { event_type: "client_analysis_completed", callback_url: url },
      ],
    },
  });
  const nothing = { ...one, event_subscriptions: [], mode: "replace" };
  expect((await started.writer.patch(nothing)).body?.["event_subscriptions"]).toEqual([]);
});

test("where conflicts are errors, an edit of a type that is subscribed changes nothing", async () => {
  await register("conflicting");
  await started.writer.patch(editOf("conflicting", "https://a.example.com/", "call_completed"));
  const before = await started.reader.get("/agent/v1/conflicting");
  const answer = await started.writer.patch({
    ...editOf("conflicting", "https://b.example.com/"),
    on_conflict: "error",
  });
  expect(answer).toMatchObject({ status: 409, body: { code: "subscription_exists" } });
  expect((await started.reader.get("/agent/v1/conflicting")).body).toEqual(before.body);
});

test("subscriptions are removed by event type", async () => {
  await register("removing");
  await started.writer.patch(editOf("removing", "https://a.example.com/"));
  const answer = await started.writer.patch({
    operation: "remove_event_subscriptions",
    agent_id: "removing",
    event_types: ["call_completed", "recording_completed", "client_analysis_completed"],
  });
  expect(answer).toMatchObject({
    status: 200,
    body: { event_subscriptions: [{ event_type: "platform_analysis_completed" }], version: 3 },
  });
});

test("a deregistered agent is gone for every call, and its history stays", async () => {
  await register("leaving");
  await started.writer.patch(editOf("leaving", "https://a.example.com/"));
  const gone = await started.admin.delete("/agent/v1/leaving");
  expect(gone).toMatchObject({ status: 204, body: null });
  const notFound = { status: 404, body: { code: "agent_not_found" } };
  expect(await started.admin.delete("/agent/v1/leaving")).toMatchObject(notFound);
  expect(await started.reader.get("/agent/v1/leaving")).toMatchObject(notFound);
  expect(await started.writer.patch(editOf("leaving", "https://a.example.com/"))).toMatchObject(
    notFound,
  );
  const back = await register("leaving");
  expect(back.body).toMatchObject({ event_subscriptions: [], version: 4 });
});

test("each change is one message with who did it and the state that resulted", async () => {
  await register("history");
  await started.writer.patch(editOf("history", "https://a.example.com/"));
  await started.writer.patch(editOf("history", "https://a.example.com/"));
  await started.admin.delete("/agent/v1/history");
  const client = await connectTo(started.server);
  const messages: unknown[] = [];
  for (let seq = 1; ;) {
    const next_by_subj = "subscriptions.acme.history";
    const found = await client.jsm.direct.getMessage("SUBSCRIPTIONS", { seq, next_by_subj });
    if (found === null) break;
    messages.push(found.json());
    seq = found.seq + 1;
  }
  await client.close();
  const [adminId, writerId] = started.keysFile.keys.map((key) => key.split("_")[1]);
  expect(messages).toMatchObject([
    { type: "agent_registered", version: 1, actor: adminId, agent: { event_subscriptions: [] } },
    { type: "event_subscriptions_edited", version: 2, actor: writerId },
    { type: "agent_deregistered", version: 3, actor: adminId, agent: null },
  ]);
});

test("a header name that objects have of their own is only a name", async () => {
  await register("own-names");
  const answer = await started.writer.patch({
    operation: "edit_event_subscriptions",
    agent_id: "own-names",
    event_subscriptions: [{ ...CALL, headers: { toString: "a", hasOwnProperty: "b" } }],
  });
  expect(answer.body).toMatchObject({
    event_subscriptions: [{ headers: { toString: "a", hasOwnProperty: "b" } }],
  });
});

test("an id may be as long as a subject's token", async () => {
  const id = "x".repeat(128);
  await register(id);
  expect((await started.reader.get(`/agent/v1/${id}`)).status).toBe(200);
});
