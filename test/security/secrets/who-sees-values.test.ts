import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../harness/nats/nats-server.ts";
import { problem } from "../../harness/api-client.ts";
import { type StartedService, startOn } from "../../harness/process/start-service.ts";
import { messagesIn } from "./stored-messages.ts";

failOnLeaks();

const SECRET = "Bearer s3cret-value";
const QUERY = "token=qu3ry-secret";
const HIDDEN = "<redacted>";

let server: NatsServer;
let client: NatsClient;
let api: StartedService;
beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const keysFile = await writeHeaderKeys([headerKey("k1")]);
  api = await startOn(server, { env: { HEADER_ENCRYPTION_KEYS_FILE: keysFile } });
});
afterAll(async () => {
  await api.service.stop();
  await client.close();
  await server.stop();
});

const subscriptionWith = (value: string, query = QUERY) => ({
  event_type: "call_completed",
  callback_url: `https://crm.example.com/calls?${query}`,
  headers: { Authorization: value, "X-Tenant": "t1" },
  method_type: "POST",
});
const editOf = (agent_id: string, subscription: object) => ({
  operation: "edit_event_subscriptions",
  agent_id,
  event_subscriptions: [subscription],
});

/** An agent of its own for each test, with one subscription. */
const subscribed = async (agentId: string): Promise<string> => {
  await api.admin.post({ agent_id: agentId, agent_display_name: agentId });
  const edited = await api.writer.patch(editOf(agentId, subscriptionWith(SECRET)));
  expect(edited).toMatchObject({
    status: 200,
    body: { event_subscriptions: [subscriptionWith(SECRET)] },
  });
  return agentId;
};
const storedOf = async (agentId: string) =>
  (await messagesIn(client, "SUBSCRIPTIONS")).filter(({ subject }) => subject.endsWith(agentId));

test("who may write reads the values back, and sending them back changes nothing", async () => {
  const agentId = await subscribed("reads-back");
  const { body } = await api.writer.get(`/agent/v1/${agentId}`);
  expect(body).toMatchObject({ event_subscriptions: [subscriptionWith(SECRET)] });
  const before = await storedOf(agentId);
  const again = await api.writer.patch({
    operation: "edit_event_subscriptions",
    agent_id: agentId,
    event_subscriptions: body?.["event_subscriptions"],
    mode: "replace",
  });
  expect(again).toMatchObject({ status: 200, body: { version: body?.["version"] } });
  expect(await storedOf(agentId)).toEqual(before);
});

test("a key that only reads sees that there are values, and none of them", async () => {
  const agentId = await subscribed("hidden");
  const { status, body } = await api.reader.get(`/agent/v1/${agentId}`);
  expect(status).toBe(200);
  expect(body?.["event_subscriptions"]).toEqual([
    {
      ...subscriptionWith(HIDDEN, HIDDEN),
      headers: { Authorization: HIDDEN, "X-Tenant": HIDDEN },
    },
  ]);
});

test("a signing secret is shown once, to the one who rotates it, and is stored sealed", async () => {
  const agentId = await subscribed("signed");
  const rotated = await api.writer.patch({
    operation: "rotate_signing_secret",
    agent_id: agentId,
  });
  const { signing_secret, ...agent } = rotated.body ?? {};
  const secret = String(signing_secret).slice("whsec_".length);
  expect(secret).toHaveLength(44);
  const signing = [{ id: expect.any(String), scheme: "v1", created_at: expect.any(String) }];
  expect(agent).toMatchObject({ event_subscriptions: [{ signing }] });
  for (const caller of [api.admin, api.writer, api.reader]) {
    const { body } = await caller.get(`/agent/v1/${agentId}`);
    expect(body).toMatchObject({ event_subscriptions: [{ signing }] });
    expect(JSON.stringify(body)).not.toContain(secret);
  }
  const text = (await storedOf(agentId)).at(-1)?.text ?? "";
  expect(text).not.toContain(secret);
  const sealed = [...text.matchAll(/"secret":"(enc:v1:k1:[A-Za-z0-9_-]+)"/g)].map(([, t]) => t);
  expect(sealed).toHaveLength(2); // in the change and in the state
  const event = JSON.parse(text.slice(text.indexOf("{"))) as object;
  expect(event).toMatchObject({ type: "signing_secret_rotated", version: 3 });
});

test("a list that was read without the values cannot be sent back", async () => {
  const agentId = await subscribed("sent-back");
  const { body } = await api.reader.get(`/agent/v1/${agentId}`);
  const before = await storedOf(agentId);
  const answer = await api.writer.patch({
    operation: "edit_event_subscriptions",
    agent_id: agentId,
    event_subscriptions: body?.["event_subscriptions"],
  });
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  const errors = answer.body?.["errors"] as { path: string; message: string }[];
  expect(errors.map(({ path }) => path).toSorted()).toEqual([
    "event_subscriptions.0.callback_url",
    "event_subscriptions.0.headers.Authorization",
    "event_subscriptions.0.headers.X-Tenant",
  ]);
  for (const { message } of errors) expect(message).toContain("'<redacted>' stands for a value");
  expect(await storedOf(agentId)).toEqual(before);
});

describe("what looks like an encrypted value is refused", () => {
  test.each([
    ["headers.Authorization", subscriptionWith("enc:v1:k1:AAAA")],
    ["headers.Authorization", subscriptionWith("enc:v9:x")],
    ["callback_url", subscriptionWith(SECRET, "enc:v1:k1:AAAA")],
  ])("%s", async (path, subscription) => {
    const agentId = await subscribed("forged");
    const answer = await api.writer.patch(editOf(agentId, subscription));
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    expect(answer.body?.["errors"]).toMatchObject([{ path: `event_subscriptions.0.${path}` }]);
  });
});

test("nothing of a value is stored in the clear, and names and the URL's path still are", async () => {
  const stored = await storedOf(await subscribed("stored"));
  expect(stored.length).toBe(2);
  const text = stored.at(-1)?.text ?? "";
  expect(text).not.toMatch(/s3cret|qu3ry|"t1"/);
  expect(text).toMatch(/"callback_url":"https:\/\/crm\.example\.com\/calls\?enc:v1:k1:/);
  expect(text).toMatch(/"Authorization":"enc:v1:k1:[A-Za-z0-9_-]+"/);
});

test("a value that was moved to another agent is not opened, and does not hide the rest", async () => {
  const agentId = await subscribed("moved");
  const [, edited] = await storedOf(agentId);
  const body = (edited?.text ?? "")
    .slice((edited?.text ?? "").indexOf("{"))
    .replaceAll(agentId, "thief");
  await client.js.publish("subscriptions.acme.thief", body);
  const { status, body: shown } = await api.writer.get("/agent/v1/thief");
  expect(status).toBe(200);
  expect(shown?.["event_subscriptions"]).toEqual([
    {
      ...subscriptionWith(HIDDEN, HIDDEN),
      headers: { Authorization: HIDDEN, "X-Tenant": HIDDEN },
    },
  ]);
  expect(await api.service.waitForLog("secrets.unreadable")).toMatchObject({ agent_id: "thief" });
  // Setting it anew mends it.
  await api.writer.patch(editOf("thief", subscriptionWith(SECRET)));
  expect((await api.writer.get("/agent/v1/thief")).body).toMatchObject({
    event_subscriptions: [subscriptionWith(SECRET)],
  });
});

test("values that were stored before there were keys are read, and sealed by the next change", async () => {
  const at = new Date().toISOString();
  const agent = {
    workspace_id: "acme",
    agent_id: "before",
    agent_display_name: "before",
    event_subscriptions: [subscriptionWith(SECRET)],
    created_at: at,
    updated_at: at,
  };
  const event = {
    type: "agent_registered",
    change: agent,
    actor: "x",
    occurred_at: at,
    version: 1,
  };
  await client.js.publish("subscriptions.acme.before", JSON.stringify({ ...event, agent }));
  expect((await api.writer.get("/agent/v1/before")).body).toMatchObject({
    event_subscriptions: [subscriptionWith(SECRET)],
  });
  await api.writer.patch(
    editOf("before", { event_type: "recording_completed", callback_url: "https://x.example.com/" }),
  );
  const stored = await storedOf("before");
  expect(stored.at(-1)?.text).not.toMatch(/s3cret|qu3ry/);
});
