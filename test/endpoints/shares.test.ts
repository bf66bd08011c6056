import { expect, test } from "vitest";
import { editOf, problem } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { send } from "./scene.ts";

failOnLeaks();

const started = useApi({
  env: { MAX_CONFIGURATION_PER_WORKSPACE: "12KiB", CHANGES_PER_MINUTE_PER_WORKSPACE: "12" },
});

const put = (uid: string, value: string) =>
  send(started.writer, "PUT", `/endpoints/${uid}`, {
    url: "https://a.example.com/",
    headers: { "X-Value": value },
  });

test("endpoints and agents share what a workspace may store, and a smaller one is always stored", async () => {
  expect((await put("one", "x".repeat(4_000))).status).toBe(201);
  const refused = await put("two", "x".repeat(2_000));
  expect(refused).toMatchObject(problem(422, "configuration_too_large"));
  expect(await started.reader.get("/endpoints/two")).toMatchObject({ status: 404 });
  await started.admin.post({ agent_id: "a1", agent_display_name: "One" });
  const url = `https://a.example.com/?${"x".repeat(1_500)}`;
  const ofAgent = await started.writer.patch(editOf("a1", url, "call_completed"));
  expect(ofAgent).toMatchObject(problem(422, "configuration_too_large"));
  expect((await put("one", "x".repeat(3_900))).status).toBe(200);
  expect((await put("one", "x")).status).toBe(200);
  expect((await put("two", "x".repeat(2_000))).status).toBe(201);
  expect((await started.writer.delete("/endpoints/two")).status).toBe(204);
});

test("changes of endpoints and agents count together, and a refused one says when to ask again", async () => {
  const answers = [];
  for (let n = 0; n < 12; n += 1) answers.push(await put("one", `${n}`));
  const refused = answers.at(-1);
  expect(refused).toMatchObject(problem(429, "too_many_changes"));
  expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  const rename = { operation: "rename_agent", agent_id: "a1", agent_display_name: "Another" };
  expect(await started.writer.patch(rename)).toMatchObject(problem(429, "too_many_changes"));
  expect(
    (await put("one", String(answers.findLastIndex(({ status }) => status === 200)))).status,
  ).toBe(200);
});
