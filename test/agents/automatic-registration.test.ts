import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { editOf } from "../harness/api-client.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi({ env: { AGENT_REGISTRATION: "automatic" } });

test("an agent's first PATCH registers it with its id as name", async () => {
  const answer = await started.writer.patch(editOf("first", "https://a.example.com/"));
  expect(answer).toMatchObject({
    status: 200,
    body: { agent_id: "first", agent_display_name: "first", version: 2, replaced: [], removed: [] },
  });
  expect(answer.body?.["event_subscriptions"]).toHaveLength(4);
  const changes = await started.service.metrics();
  const total = "ringback_config_changes_total";
  expect(changes.value(total, { type: "agent_registered" })).toBe(1);
  expect(changes.value(total, { type: "event_subscriptions_edited" })).toBe(1);
});

test("a GET registers nothing", async () => {
  expect((await started.reader.get("/agent/v1/read-only")).status).toBe(404);
  expect((await started.admin.delete("/agent/v1/read-only")).status).toBe(404);
});

test("an edit that is refused registers nothing", async () => {
  const edit = editOf("refused", "http://localhost/");
  expect((await started.writer.patch(edit)).status).toBe(422);
  expect((await started.reader.get("/agent/v1/refused")).status).toBe(404);
});

test("many first PATCHes at once register the agent once", async () => {
  const urls = Array.from({ length: 10 }, (_, n) => `https://a.example.com/${n}`);
  const answers = await Promise.all(urls.map((url) => started.writer.patch(editOf("busy", url))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { body } = await started.reader.get("/agent/v1/busy");
  expect(body).toMatchObject({ version: 11 });
});
