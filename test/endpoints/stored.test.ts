import { afterAll, beforeAll, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { spawnService } from "../harness/process/service-process.ts";
import { useApi } from "../harness/process/start-service.ts";
import { messagesIn } from "../security/secrets/stored-messages.ts";
import { CRM, send } from "./scene.ts";

failOnLeaks();

const OLD = headerKey("old");
const keysFile = await writeHeaderKeys([OLD]);
const started = useApi({
  env: { ALLOW_PLAINTEXT_HEADERS: "", HEADER_ENCRYPTION_KEYS_FILE: keysFile },
});

type Endpoint = {
  url: string;
  headers: Record<string, string>;
  signing: { secret: string }[];
};
type Message = { type: string; actor: string; endpoint: Endpoint; change: object };

/** What is stored, oldest first. */
const stored = async (
  uid: string,
): Promise<{ text: string; messages: Message[]; subject: string }> => {
  const { body } = await started.reader.get(`/endpoints/${uid}`);
  const subject = `subscriptions.acme._endpoint.${String(body?.["endpoint_id"])}`;
  const all = await messagesIn(client, "SUBSCRIPTIONS");
  const texts = all.filter((one) => one.subject === subject).map(({ text }) => text);
  const messages = texts.map((text) => JSON.parse(text.slice(text.indexOf("{"))) as Message);
  return { text: texts.join("\n"), messages, subject };
};

let client: NatsClient;
let secret = "";
beforeAll(async () => {
  client = await connectTo(started.server);
  const created = await send(started.writer, "PUT", "/endpoints/crm", CRM);
  secret = String(created.body?.["signing_secret"]);
  await send(started.writer, "PATCH", "/endpoints/crm", { description: "CRM" });
  const headers = { ...CRM.headers, "X-New": "secret-new" };
  await send(started.writer, "PATCH", "/endpoints/crm", { headers });
  const own = { signing_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
  await send(started.writer, "POST", "/endpoints/crm/rotate-secret", own);
});

afterAll(() => client.close());

test("no secret of an endpoint is on the stream in plain text", async () => {
  const { text, messages } = await stored("crm");
  expect(messages.map(({ type }) => type)).toEqual([
    "endpoint_created",
    "endpoint_changed",
    "endpoint_changed",
    "endpoint_secret_rotated",
  ]);
  expect(secret).toMatch(/^whsec_/);
  expect(text).not.toContain(secret);
  expect(text).not.toMatch(/secret-header|secret-query|secret-new|whsec_/);
  expect(text).toContain("https://crm.example.com/calls?enc:v1:old:");
});

test("a secret that stays the same keeps its sealed text, and is sealed once for change and state", async () => {
  const [created, described, changed] = (await stored("crm")).messages;
  expect(created?.change).toMatchObject({
    url: created?.endpoint.url,
    headers: created?.endpoint.headers,
    signing: created?.endpoint.signing,
  });
  expect(described?.endpoint).toMatchObject({
    url: created?.endpoint.url,
    headers: created?.endpoint.headers,
  });
  expect(changed?.endpoint.headers["Authorization"]).toBe(
    created?.endpoint.headers["Authorization"],
  );
  expect(changed?.change).toEqual({ set: { headers: changed?.endpoint.headers } });
});

test("a request that changes nothing stores nothing", async () => {
  const { messages } = await stored("crm");
  await send(started.writer, "PATCH", "/endpoints/crm", { description: "CRM", url: CRM.url });
  expect((await stored("crm")).messages).toHaveLength(messages.length);
});

test("the history has every change with its author; secrets only for keys that may set them", async () => {
  const whole = await started.writer.get("/endpoints/crm/history");
  expect(whole.body).toMatchObject({
    changes: [
      { version: 4, type: "endpoint_secret_rotated", key: { scheme: "v1" } },
      { version: 3, set: { headers: { "X-New": "secret-new" } } },
      { version: 2, type: "endpoint_changed", set: { description: "CRM" } },
      { version: 1, type: "endpoint_created", set: { ...CRM, agents: ["*"] } },
    ],
    next_cursor: null,
  });
  const by = { at: expect.any(String), actor: expect.any(String) };
  expect(whole.body).toMatchObject({ changes: [by, by, by, by] });
  const redacted = await started.reader.get("/endpoints/crm/history");
  expect(JSON.stringify(redacted.body)).not.toMatch(/secret-|whsec_|enc:/);
  const page = await started.reader.get("/endpoints/crm/history?limit=3");
  const rest = await started.reader.get(
    `/endpoints/crm/history?cursor=${String(page.body?.["next_cursor"])}`,
  );
  expect(rest.body).toMatchObject({ changes: [{ version: 1 }], next_cursor: null });
});

test("an endpoint is shown as it was at a time, also after it was deleted", async () => {
  const { body } = await send(started.writer, "PUT", "/endpoints/then", CRM);
  const moved = await send(started.writer, "PATCH", "/endpoints/then", { agents: ["a1"] });
  await started.writer.delete("/endpoints/then");
  const at = (time: unknown) => started.writer.get(`/endpoints/then?at=${String(time)}`);
  expect(await at(body?.["created_at"])).toMatchObject({
    status: 200,
    body: { agents: ["*"], version: 1, ...CRM },
  });
  const later = await at(moved.body?.["updated_at"]);
  expect(later).toMatchObject({ status: 200, body: { agents: ["a1"], version: 2 } });
  expect(later.headers.get("etag")).toBeNull();
  expect(await at("2000-01-01T00:00:00Z")).toMatchObject({
    status: 404,
    body: { code: "endpoint_not_found" },
  });
  expect(await at("2099-01-01T00:00:00Z")).toMatchObject({ status: 404 });
  const history = await started.reader.get("/endpoints/then/history");
  expect(history.body?.["changes"]).toMatchObject([{ type: "endpoint_deleted" }, {}, {}]);
});

/** What JetStream holds last on a subject. */
const lastOn = async (subject: string): Promise<unknown> => {
  const message = await client.jsm.streams.getMessage("SUBSCRIPTIONS", { last_by_subj: subject });
  return message?.json();
};

test("a sealed text of an agent, or of another endpoint, does not open as an endpoint's", async () => {
  await started.admin.post({ agent_id: "a1", agent_display_name: "One" });
  const { headers } = CRM;
  const one = { event_type: "call_completed", callback_url: "https://a.example.com/", headers };
  await started.writer.patch({
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [one],
  });
  await send(started.writer, "PUT", "/endpoints/moved", CRM);
  const agent = (await lastOn("subscriptions.acme.a1")) as {
    agent: { event_subscriptions: { headers: Record<string, string> }[] };
  };
  const [crm, moved] = [await stored("crm"), await stored("moved")];
  const texts = [
    agent.agent.event_subscriptions[0]?.headers["Authorization"],
    crm.messages[0]?.endpoint.headers["Authorization"],
  ];
  for (const text of texts) {
    expect(text).toMatch(/^enc:v1:/);
    const last = (await lastOn(moved.subject)) as {
      endpoint: Endpoint;
      version: number;
    };
    const endpoint = { ...last.endpoint, headers: { Authorization: text } };
    const message = { ...last, endpoint, version: last.version + 1 };
    await client.js.publish(moved.subject, JSON.stringify(message));
    const read = await started.writer.get("/endpoints/moved");
    expect(read).toMatchObject({ status: 200, body: { headers: { Authorization: "<redacted>" } } });
  }
});

test("re-encryption seals endpoints with the first key; their owners see no change", async () => {
  const before = await started.writer.get("/endpoints/crm");
  await started.writer.delete("/endpoints/moved");
  const bothKeys = await writeHeaderKeys([headerKey("new"), OLD]);
  const run = async () => {
    const service = await spawnService({
      entry: "services/subscriptions/src/reencrypt/main.ts",
      env: { NATS_URL: started.server.url, HEADER_ENCRYPTION_KEYS_FILE: bothKeys },
    });
    await service.exited;
    return service.logs.find(({ msg }) => String(msg).startsWith("reencrypt."));
  };
  expect(await run()).toMatchObject({ msg: "reencrypt.done", rewritten: 2, unreadable: 0 });
  const last = (await stored("crm")).messages.at(-1);
  expect(last).toMatchObject({ type: "endpoint_reencrypted", actor: "reencrypt" });
  expect(JSON.stringify(last)).not.toMatch(/enc:v1:old|secret-/);
  expect(JSON.stringify(last)).toContain("enc:v1:new:");
  expect(await run()).toMatchObject({ rewritten: 0 });
  const after = await started.reader.get("/endpoints/crm");
  expect(after.body).toMatchObject({ updated_at: before.body?.["updated_at"], version: 5 });
});
