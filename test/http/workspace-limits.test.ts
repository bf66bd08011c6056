import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { type ApiClient, problem } from "../harness/api-client.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let api: StartedService;
let client: NatsClient;
beforeAll(async () => {
  server = await startNatsServer();
  api = await startOn(server, {
    env: {
      ALLOW_PLAINTEXT_HEADERS: "",
      HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("k1")]),
      MAX_AGENTS_PER_WORKSPACE: "3",
      MAX_CONFIGURATION_PER_WORKSPACE: "27KiB",
      CHANGES_PER_MINUTE_PER_WORKSPACE: "20",
    },
  });
  client = await connectTo(server);
});
afterAll(async () => {
  await client.close();
  await api.service.stop();
  await server.stop();
});

const register = (agent_id: string, by: ApiClient = api.admin) =>
  by.post({ agent_id, agent_display_name: agent_id });
const edit = (agent_id: string, value: string, by: ApiClient = api.admin) =>
  by.patch({
    operation: "edit_event_subscriptions",
    agent_id,
    event_subscriptions: [
      {
        event_type: "call_completed",
        callback_url: "https://a.example.com/?token=secret",
        headers: { authorization: "Bearer token", "x-value": value },
      },
    ],
  });
const lastOf = async (agent: string) => {
  const subject = `subscriptions.acme.${agent}`;
  const message = await client.jsm.streams.getMessage("SUBSCRIPTIONS", { last_by_subj: subject });
  return { seq: message?.seq, event: message?.json<Stored>() };
};
type Sub = { callback_url: string; headers: Record<string, string> };
type Stored = { agent: { event_subscriptions: Sub[] }; change: { set: Sub[] } };

describe("what is stored of a change", () => {
  test("holds secrets that are the same as they were sealed before, and once for all that is in it", async () => {
    expect(await register("sealed")).toMatchObject({ status: 201 });
    await edit("sealed", "one");
    const [before] = (await lastOf("sealed")).event?.agent.event_subscriptions ?? [];
    expect(before?.headers["authorization"]).toMatch(/^enc:/);
    await edit("sealed", "two");
    const { event } = await lastOf("sealed");
    const [after] = event?.agent.event_subscriptions ?? [];
    expect(after?.headers["authorization"]).toBe(before?.headers["authorization"]);
    expect(after?.callback_url).toBe(before?.callback_url);
    expect(after?.headers["x-value"]).not.toBe(before?.headers["x-value"]);
    expect(event?.change.set[0]).toEqual(after);
  });

  test("is nothing where nothing changes", async () => {
    const { seq } = await lastOf("sealed");
    expect((await edit("sealed", "two")).status).toBe(200);
    expect((await lastOf("sealed")).seq).toBe(seq);
  });
});

describe("a workspace that has its share", () => {
  test("is refused further agents, and others are not", async () => {
    for (const id of ["a1", "a2"]) expect((await register(id)).status).toBe(201);
    expect(await register("a3")).toMatchObject(problem(422, "too_many_agents"));
    expect((await register("a2")).status).toBe(200);
    expect((await register("a3", api.other)).status).toBe(201);
  });

  test("is refused more configuration than it may have, and may still have less", async () => {
    expect((await edit("a1", "x".repeat(4_000))).status).toBe(200);
    expect((await edit("a2", "x".repeat(4_000))).status).toBe(200);
    const refused = await edit("sealed", "x".repeat(4_000));
    expect(refused).toMatchObject(problem(422, "configuration_too_large"));
    expect((await edit("a2", "y")).status).toBe(200);
    expect((await edit("sealed", "x".repeat(3_000))).status).toBe(200);
  });

  test("changes no more than it may in a minute, is told when to ask again, and keys are not used up", async () => {
    const answers = [];
    for (let n = 0; n < 20; n += 1) answers.push(await edit("a1", `${n}`));
    const refused = answers.at(-1);
    expect(refused).toMatchObject(problem(429, "too_many_changes"));
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    const once = () =>
      api.admin.raw("/agent/v1", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": "limited" },
        body: JSON.stringify({ agent_id: "sealed", agent_display_name: "another" }),
      });
    expect(await once()).toMatchObject(problem(409, "agent_exists"));
    expect((await edit("a3", "one", api.other)).status).toBe(200);
  });
});
