import { expect, test } from "vitest";
import { auditEntrySchema, type AuditEntry } from "@ringback/contracts/audit/audit-entry";
import { type Answer, type ApiClient, type CallInit, problem } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { messagesOn } from "../harness/nats/messages-on.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi({
  env: { TRUSTED_PROXIES: "127.0.0.0/8", AGENT_REGISTRATION: "automatic" },
});

const json = (method: string, body: unknown, headers: object = {}): CallInit => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

const audit = async (query = "", as: ApiClient = started.admin): Promise<AuditEntry[]> => {
  const { status, body } = await as.raw(`/audit${query}`);
  expect(status).toBe(200);
  return (body?.["entries"] ?? []) as AuditEntry[];
};

/** The newest entry about a request. */
const entryOf = (answer: Answer): Promise<AuditEntry> =>
  eventually(async () => {
    const id = answer.headers.get("x-request-id");
    const found = (await audit()).find(({ request_id }) => request_id === id);
    if (found === undefined) throw new Error("there is no entry of this request yet");
    return found;
  });

const publish = async (callId: string): Promise<string> => {
  const event = { event_type: "call_completed", call_id: callId, agent_id: "bob" };
  const { body } = await started.admin.raw("/events", json("POST", event));
  return ((body?.["events"] ?? []) as { event_id: string }[])[0]?.event_id ?? "";
};

const keyId = (n: number): string => started.keysFile.keys[n]?.split("_")[1] ?? "";

test("a change is an entry with who, what, about what, from where and how it ended", async () => {
  const url = "https://crm.example.com/hook?token=very-secret";
  const settings = { url, uid: "crm", headers: { "X-Token": "very-secret" } };
  const created = await started.writer.raw(
    "/endpoints",
    json("POST", settings, { "x-forwarded-for": "203.0.113.9" }),
  );
  expect(created.status).toBe(201);
  const entry = await entryOf(created);
  expect(entry).toEqual({
    audit_id: expect.stringMatching(/^aud_/),
    at: expect.any(String),
    kind: "change",
    actor: { kind: "key", id: keyId(1) },
    action: "createEndpoint",
    resource: { endpoint_id: created.body?.["endpoint_id"] },
    shown: ["secrets"],
    request_id: created.headers.get("x-request-id"),
    address: "203.0.113.9",
    outcome: "done",
    status: 201,
  });
  expect(Math.abs(Date.parse(entry.at) - Date.now())).toBeLessThan(60_000);
});

test("a change that is refused is an entry too, and repeats nothing of what was wrong", async () => {
  const agent = { agent_id: "very secret text", agent_display_name: 1 };
  const invalid = await started.admin.raw("/agent/v1", json("POST", agent));
  expect(await entryOf(invalid)).toMatchObject({
    kind: "refused",
    outcome: "refused",
    status: 422,
    code: "validation_failed",
    action: "registerAgent",
    resource: {},
  });
  const forbidden = await started.reader.raw("/agent/v1/bob", { method: "DELETE" });
  expect(await entryOf(forbidden)).toMatchObject({
    kind: "refused",
    status: 403,
    code: "insufficient_scope",
    actor: { kind: "key", id: keyId(2) },
    action: "deregisterAgent",
    resource: { agent_id: "bob" },
  });
});

test("reading payloads is an entry, once for all that are alike in a minute; other reads are none", async () => {
  const eventId = await publish("c-payload");
  const first = await started.reader.raw(`/events/${eventId}/payload`);
  expect(await entryOf(first)).toMatchObject({
    kind: "read",
    action: "getEventPayload",
    resource: { event_id: eventId },
    shown: ["payloads"],
    actor: { kind: "key", id: keyId(2) },
  });
  for (let n = 0; n < 5; n += 1) await started.reader.raw(`/events/${eventId}/payload`);
  await started.reader.raw(`/events/${eventId}`, { method: "HEAD" });
  for (const path of ["/assistant", "/events", "/endpoints"]) await started.reader.raw(path);
  const last = await started.admin.raw("/agent/v1/bob", { method: "DELETE" });
  await entryOf(last);
  const mine = await audit(`?actor=${keyId(2)}&kind=read`);
  expect(mine.filter(({ action }) => action === "getEventPayload")).toHaveLength(1);
  const actions = new Set((await audit("?kind=read")).map(({ action }) => action));
  expect([...actions]).toEqual(["getEventPayload"]);
  const published = await audit("?action=publishEvents");
  expect(published).toEqual([]);
});

test("what somebody may see of an agent with secrets is an entry, and without them is none", async () => {
  const subscription = {
    event_type: "call_completed",
    callback_url: "https://crm.example.com/a",
    headers: { "X-Token": "very-secret" },
  };
  await started.admin.patch({
    operation: "edit_event_subscriptions",
    agent_id: "ann",
    event_subscriptions: [subscription],
  });
  await started.reader.raw("/agent/v1/ann");
  const seen = await started.writer.raw("/agent/v1/ann");
  expect(await entryOf(seen)).toMatchObject({
    kind: "read",
    action: "getAgent",
    shown: ["secrets"],
    resource: { agent_id: "ann" },
  });
  expect(await audit(`?action=getAgent&actor=${keyId(2)}`)).toEqual([]);
});

test("a request that was carried out before is no second change", async () => {
  const init = json("POST", { url: "https://b.example.com/" }, { "idempotency-key": "once" });
  const first = await started.writer.raw("/endpoints", init);
  await entryOf(first);
  const again = await started.writer.raw("/endpoints", init);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  const endpoint = first.body?.["endpoint_id"];
  const entries = (await audit("?action=createEndpoint")).filter(
    ({ resource }) => resource.endpoint_id === endpoint,
  );
  expect(entries).toHaveLength(1);
});

test("only admins of the workspace read its audit", async () => {
  expect(await started.writer.raw("/audit")).toMatchObject(problem(403, "insufficient_scope"));
  expect(await started.reader.raw("/audit")).toMatchObject(problem(403, "insufficient_scope"));
  expect(await audit("", started.other)).toEqual([]);
});

test("it comes in pages, newest first, narrowed by actor, action and time", async () => {
  for (let n = 0; n < 7; n += 1) {
    await started.other.post({ agent_id: `p${n}`, agent_display_name: "P" });
  }
  const ids = async (query: string) =>
    (await audit(query, started.other)).map(({ resource }) => resource.agent_id);
  expect(await ids("")).toEqual(["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
  const seen: unknown[] = [];
  for (let cursor: unknown = ""; typeof cursor === "string";) {
    const { body } = await started.other.raw(
      `/audit?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    seen.push(
      ...((body?.["entries"] ?? []) as AuditEntry[]).map(({ resource }) => resource.agent_id),
    );
    cursor = body?.["next_cursor"];
  }
  expect(seen).toEqual(await ids(""));
  const third = (await audit("", started.other))[4];
  const at = encodeURIComponent(third?.at ?? "");
  expect(await ids(`?since=${at}`)).toEqual(["p6", "p5", "p4", "p3", "p2"]);
  expect(await ids(`?until=${at}`)).toEqual(["p1", "p0"]);
  expect(await ids("?since=1h&action=registerAgent,deregisterAgent")).toHaveLength(7);
  expect(await ids("?action=deregisterAgent")).toEqual([]);
  expect(await ids(`?actor=key:${keyId(3)}`)).toHaveLength(7);
  expect(await ids("?actor=portal:x")).toEqual([]);
  expect(await ids("?kind=refused")).toEqual([]);
});

test.each(["?actor=", "?action=a%20b", "?kind=x", "?since=soon", "?cursor=x", "?limit=0", "?x=1"])(
  "GET /audit%s is not valid, and says so",
  async (query) => {
    expect(await started.admin.raw(`/audit${query}`)).toMatchObject(
      problem(422, "validation_failed"),
    );
  },
);

test("while AUDIT takes nothing, changes and reads go on, and their entries come later", async () => {
  await using client = await connectTo(started.server).then((one) => ({
    ...one,
    [Symbol.asyncDispose]: () => one.close(),
  }));
  const { config } = await client.jsm.streams.info("AUDIT");
  await client.jsm.streams.update("AUDIT", { subjects: ["elsewhere.>"] });
  const began = performance.now();
  const agent = { agent_id: "meanwhile", agent_display_name: "M" };
  const changed = await started.admin.post(agent);
  const eventId = await publish("c-meanwhile");
  const read = await started.reader.raw(`/events/${eventId}`);
  expect([changed.status, read.status]).toEqual([201, 200]);
  expect(performance.now() - began).toBeLessThan(10_000);
  await client.jsm.streams.update("AUDIT", { subjects: config.subjects });
  expect(await entryOf(changed)).toMatchObject({ action: "registerAgent" });
  expect(await entryOf(read)).toMatchObject({ action: "getEvent", shown: ["payloads"] });
});

test("nothing secret and no payload is on AUDIT, and every entry is of the form that is written down", async () => {
  const client = await connectTo(started.server);
  const entries = await messagesOn(client, "AUDIT", "audit.>", (one) =>
    auditEntrySchema.parse(one),
  );
  await client.close();
  expect(entries.length).toBeGreaterThan(10);
  const text = JSON.stringify(entries);
  expect(text).not.toMatch(/very-secret|very secret|whsec_|rb_|example\.com/);
});
