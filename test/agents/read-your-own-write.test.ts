import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type ApiClient, editOf } from "../harness/api-client.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

const AGENTS = 30;

let server: NatsServer;
let here: StartedService;
let there: StartedService;
beforeAll(async () => {
  server = await startNatsServer();
  here = await startOn(server);
  there = await startOn(server, { keysFile: here.keysFile });
});
afterAll(async () => {
  await Promise.all([here.service.stop(), there.service.stop()]);
  await server.stop();
});

const listed = async (client: ApiClient) => {
  const { body } = await client.get("/assistant?limit=200");
  return body?.["agents"] as { agent_id: string; event_types: string[] }[];
};

test("a change is seen at once by a GET and by a list of another instance", async () => {
  for (let n = 0; n < AGENTS; n += 1) {
    const agent_id = `agent-${n}`;
    await here.admin.post({ agent_id, agent_display_name: agent_id });
    const list = await listed(there.reader);
    expect(list.map((agent) => agent.agent_id)).toContain(agent_id);

    const edit = editOf(agent_id, `https://a.example.com/${n}`, "call_completed");
    await there.writer.patch(edit);
    const { body } = await here.reader.get(`/agent/v1/${agent_id}`);
    expect(body).toMatchObject({
      event_subscriptions: [{ callback_url: `https://a.example.com/${n}` }],
    });
    const after = await listed(here.reader);
    const found = after.find((agent) => agent.agent_id === agent_id);
    expect(found?.event_types).toEqual(["call_completed"]);
  }
});

test("an agent that was deregistered at one instance is not in the other's list", async () => {
  await here.admin.post({ agent_id: "gone", agent_display_name: "Gone" });
  expect((await listed(there.reader)).map(({ agent_id }) => agent_id)).toContain("gone");
  await here.admin.delete("/agent/v1/gone");
  expect((await listed(there.reader)).map(({ agent_id }) => agent_id)).not.toContain("gone");
});

test("pages list every agent of the workspace once, ordered by id", async () => {
  const seen: string[] = [];
  let path = "/assistant?limit=7";
  for (;;) {
    const { status, body } = await there.reader.get(path);
    expect(status).toBe(200);
    const agents = body?.["agents"] as { agent_id: string }[];
    seen.push(...agents.map(({ agent_id }) => agent_id));
    const cursor = body?.["next_cursor"] as string | null;
    if (cursor === null) break;
    expect(agents).toHaveLength(7);
    path = `/assistant?limit=7&cursor=${cursor}`;
  }
  const expected = Array.from({ length: AGENTS }, (_, n) => `agent-${n}`);
  expect(seen).toEqual(expected.toSorted());
});

test("an agent in the list is told with its name, types and time", async () => {
  const { body: agent } = await here.reader.get("/agent/v1/agent-0");
  const { body } = await here.reader.get("/assistant?limit=1");
  expect(body?.["agents"]).toEqual([
    {
      agent_id: "agent-0",
      agent_display_name: "agent-0",
      event_types: ["call_completed"],
      updated_at: agent?.["updated_at"],
    },
  ]);
});
