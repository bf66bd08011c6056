import { afterAll, beforeAll, expect, test } from "vitest";
import { problem } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { callWith, startAccess, type AccessScene } from "./scene.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

type Workspace = Readonly<Record<string, unknown>> & { readonly workspace_id: string };
type Page = { readonly workspaces: readonly Workspace[]; readonly next_cursor: string | null };

const list = async (query = ""): Promise<Page> => {
  const answer = await callWith(scene.one, scene.operator, ["GET", `/workspaces${query}`]);
  expect(answer.status).toBe(200);
  return answer.body as unknown as Page;
};

/** What an operator does in a workspace. */
const inWorkspace = (id: string, call: readonly [string, string, unknown?]) =>
  callWith(scene.one, scene.operator, call, { "x-workspace-id": id });

test("an operator sees every workspace that has keys, agents, endpoints or events, in pages", async () => {
  const bob = { agent_id: "bob", agent_display_name: "Bob" };
  await inWorkspace("has-agents", ["POST", "/agent/v1", bob]);
  await inWorkspace("has-endpoints", ["POST", "/endpoints", { url: "https://a.example.com/" }]);
  const event = { event_type: "call_completed", call_id: "c1", agent_id: "bob" };
  expect((await inWorkspace("has-events", ["POST", "/events", event])).status).toBe(202);
  await inWorkspace("has-keys", ["POST", "/api-keys", { name: "k", scopes: ["read"] }]);
  const expected = ["acme", "has-agents", "has-endpoints", "has-events", "has-keys", "other"];
  await eventually(async () => {
    const { workspaces } = await list();
    expect(workspaces.map(({ workspace_id }) => workspace_id)).toEqual(expected);
    expect(workspaces[3]).toMatchObject({ agents: 0, events: 1 });
  });
  const { workspaces } = await list();
  expect(workspaces[1]).toMatchObject({ agents: 1, endpoints: 0, failing_endpoints: 0 });
  expect(workspaces[2]).toMatchObject({ agents: 0, endpoints: 1, delivered: 0, failed: 0 });
  const paged: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Page = await list(cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`);
    paged.push(...page.workspaces.map(({ workspace_id }) => workspace_id));
    cursor = page.next_cursor;
  }
  expect(paged).toEqual(expected);
});

test("who is no operator does not learn which workspaces there are", async () => {
  for (const key of [scene.admin, scene.reader]) {
    const answer = await callWith(scene.one, key, ["GET", "/workspaces"]);
    expect(answer).toMatchObject(problem(403, "operator_required"));
  }
});
