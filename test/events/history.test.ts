import { afterAll, beforeAll, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { editOf, problem } from "../harness/api-client.ts";
import { type SeededApi, startSeededApi } from "./seeded-api.ts";

failOnLeaks();

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi({
    ALLOW_PLAINTEXT_HEADERS: "false",
    HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("k1")]),
  });
});
afterAll(() => api.stop());

type Change = Readonly<Record<string, unknown>> & { readonly version: number; readonly at: string };
const changesOf = async (agentId: string, client = api.writer, query = "") => {
  const { status, body } = await client.get(`/agent/v1/${agentId}/history${query}`);
  expect(status).toBe(200);
  return { changes: body?.["changes"] as Change[], next: body?.["next_cursor"] as string | null };
};

const urlOf = (n: number): string => `https://crm-${n}.example.com/`;
const withSecrets = (agentId: string) => ({
  operation: "edit_event_subscriptions",
  agent_id: agentId,
  event_subscriptions: [
    {
      event_type: "call_completed",
      callback_url: "https://crm.example.com/calls?token=query-secret",
      headers: { Authorization: "Bearer header-secret" },
    },
  ],
});

test("the history says who changed what and when, newest first, of an agent that is gone too", async () => {
  await api.admin.post({ agent_id: "ann", agent_display_name: "Ann" });
  await api.writer.patch(withSecrets("ann"));
  await api.writer.patch({ operation: "rotate_signing_secret", agent_id: "ann" });
  const event_types = ["call_completed"];
  await api.writer.patch({ operation: "remove_event_subscriptions", agent_id: "ann", event_types });
  await api.admin.delete("/agent/v1/ann");
  const { changes, next } = await changesOf("ann");
  const [admin, writer] = api.keysFile.keys.map((key) => key.split("_")[1]);
  expect(changes).toMatchObject([
    { version: 5, type: "agent_deregistered", actor: admin },
    { version: 4, type: "event_subscriptions_removed", actor: writer, removed: event_types },
    {
      version: 3,
      type: "signing_secret_rotated",
      actor: writer,
      signing: [{ key: { scheme: "v1" } }],
    },
    { version: 2, type: "event_subscriptions_edited", actor: writer, removed: [] },
    { version: 1, type: "agent_registered", actor: admin, agent_display_name: "Ann" },
  ]);
  expect(next).toBeNull();
  const times = changes.map(({ at }) => at);
  expect(times).toEqual(times.toSorted().toReversed());
});

test("secrets of the past are shown as those of now: to who may set them, and signing secrets to nobody", async () => {
  await api.admin.post({ agent_id: "sec", agent_display_name: "Sec" });
  await api.writer.patch(withSecrets("sec"));
  const rotated = await api.writer.patch({ operation: "rotate_signing_secret", agent_id: "sec" });
  const secret = String(rotated.body?.["signing_secret"]);
  expect(secret).toMatch(/^whsec_/);
  const forWriter = JSON.stringify(await changesOf("sec"));
  expect(forWriter).toContain("Bearer header-secret");
  expect(forWriter).toContain("token=query-secret".replace("token=", "?token="));
  const forReader = JSON.stringify(await changesOf("sec", api.reader));
  expect(forReader).toContain("<redacted>");
  expect(forReader).not.toMatch(/header-secret|query-secret/);
  for (const text of [forWriter, forReader]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain("enc:v1");
  }
  const at = "/agent/v1/sec?at=2099-01-01T00:00:00Z";
  expect((await api.reader.get(at)).body).toEqual((await api.reader.get("/agent/v1/sec")).body);
  expect(JSON.stringify((await api.writer.get(at)).body)).toContain("Bearer header-secret");
});

test("a long history comes in pages, and an agent is found as it was after each change", async () => {
  await api.admin.post({ agent_id: "long", agent_display_name: "Long" });
  for (let n = 2; n <= 70; n += 1) await api.writer.patch(editOf("long", urlOf(n)));
  const all: Change[] = [];
  let query = "?limit=30";
  for (let pages = 0; pages < 5; pages += 1) {
    const { changes, next } = await changesOf("long", api.writer, query);
    all.push(...changes);
    if (next === null) break;
    query = `?limit=30&cursor=${next}`;
  }
  expect(all.map(({ version }) => version)).toEqual(Array.from({ length: 70 }, (_, n) => 70 - n));
  // Changes in one millisecond have one time: the last of them counts.
  const lastAt = new Map(all.toReversed().map(({ at, version }) => [at, version]));
  for (const n of [70, 69, 40, 2]) {
    const { at } = all[70 - n] as Change;
    const past = await api.reader.get(`/agent/v1/long?at=${at}`);
    const version = lastAt.get(at) as number;
    expect(past).toMatchObject({ status: 200, body: { version } });
    expect(past.body?.["event_subscriptions"]).toMatchObject([
      { callback_url: urlOf(version) },
      {},
      {},
      {},
    ]);
    expect(past.headers.get("etag")).toBeNull();
  }
});

test("before its first change, and while it was gone, an agent was not there", async () => {
  await api.admin.post({ agent_id: "gap", agent_display_name: "Before" });
  await api.admin.delete("/agent/v1/gap");
  const { changes } = await changesOf("gap");
  const gone = await api.reader.get(`/agent/v1/gap?at=${changes[0]?.at}`);
  expect(gone).toMatchObject(problem(404, "agent_not_found"));
  expect(gone.body?.["detail"]).toContain(`There was no agent 'gap' in this workspace at`);
  for (const at of [
    "2020-01-01T00:00:00Z",
    "1960-01-01T00:00:00Z",
    "2020-01-01T00:00:00%2B02:00",
  ]) {
    expect(await api.reader.get(`/agent/v1/gap?at=${at}`)).toMatchObject({ status: 404 });
  }
});

test.each([
  ["/agent/v1/ann?at=yesterday", "at"],
  ["/agent/v1/ann?at=2026-13-01", "at"],
  ["/agent/v1/ann?version=3", "version"],
  ["/agent/v1/ann/history?limit=0", "limit"],
  ["/agent/v1/ann/history?cursor=bad", "cursor"],
  ["/agent/v1/ann/history?since=2026-01-01T00:00:00Z", "since"],
])("GET %s is refused for its parameter %s", async (path, parameter) => {
  const answer = await api.reader.get(path);
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  expect(answer.body?.["errors"]).toMatchObject([{ path: parameter }]);
});

test.each(["nobody", "a.b", "*", ">"])("an agent %s that never was has no history", async (id) => {
  const answer = await api.reader.get(`/agent/v1/${id}/history`);
  expect(answer).toMatchObject(problem(404, "agent_not_found"));
});

test("the catalogue has a schema and a sample of each type, and the sample fits the schema", async () => {
  const { status, body } = await api.reader.get("/event-types");
  expect(status).toBe(200);
  const types = body?.["event_types"] as {
    event_type: string;
    schema: { properties: object; required: string[] };
    example: Record<string, unknown>;
  }[];
  expect(types.map(({ event_type }) => event_type)).toEqual(
    expect.arrayContaining([
      "call_completed",
      "recording_completed",
      "platform_analysis_completed",
      "client_analysis_completed",
    ]),
  );
  for (const { event_type, schema, example } of types) {
    expect(schema).toMatchObject({ properties: { event_type: { const: event_type } } });
    expect(Object.keys(example)).toEqual(expect.arrayContaining(schema.required));
    expect(example["event_type"]).toBe(event_type);
  }
});
