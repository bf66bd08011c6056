import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { editOf } from "../harness/api-client.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi({
  env: { AGENT_REGISTRATION: "automatic", SIGN_NEW_SUBSCRIPTIONS: "true" },
});

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

test("an agent's first subscriptions get one secret, which is shown once, where that is set", async () => {
  const request = {
    method: "PATCH",
    headers: { "content-type": "application/json", "idempotency-key": "first-signed" },
    body: JSON.stringify(editOf("signed", "https://a.example.com/", "call_completed")),
  };
  const first = await started.writer.raw("/agent/v1", request);
  expect(first.body).toMatchObject({
    signing_secret: expect.stringMatching(/^whsec_/),
    event_subscriptions: [{ signing: [{ scheme: "v1" }] }],
  });
  const again = await started.writer.raw("/agent/v1", request);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.body).not.toHaveProperty("signing_secret");
  const more = editOf("signed", "https://a.example.com/", "recording_completed");
  const second = await started.writer.patch(more);
  expect(second.body).not.toHaveProperty("signing_secret");
  const subscriptions = second.body?.["event_subscriptions"] as { signing: unknown }[];
  expect(subscriptions[1]?.signing).toEqual(subscriptions[0]?.signing);
  expect(subscriptions).toHaveLength(2);
});
