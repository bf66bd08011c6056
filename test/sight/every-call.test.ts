import { describe, expect, test } from "vitest";
import { servedCalls } from "../../scripts/openapi/document.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { send } from "../endpoints/scene.ts";
import { HIDDEN_THINGS } from "./hidden-things.ts";
import { HIDDEN, SECRET, useScene } from "./scene.ts";

failOnLeaks();

const scene = useScene();

const withIds = (text: string): string =>
  Object.entries(scene.ids).reduce((all, [name, id]) => all.replace(name, id), text);

test("every call of the API is in the table below", async () => {
  const served = (await servedCalls()).filter((route) => !route.startsWith("HEAD "));
  expect(Object.keys(HIDDEN_THINGS).toSorted()).toEqual(served.toSorted());
});

const ROWS = Object.entries(HIDDEN_THINGS).flatMap(([route, rows]) =>
  rows.map((row) => [route.split(" ")[0] ?? "", row] as const),
);

describe("a key that is bound to an agent", () => {
  test.each(ROWS)("%s %j", async (method, { path, body, status }) => {
    const sent = body === undefined ? undefined : JSON.parse(withIds(JSON.stringify(body)));
    const answer = await send(scene.bound, method, withIds(path), sent);
    expect(answer).toMatchObject({ status });
    // What a refusal says of the name that was sent, it says of any name.
    expect(status < 300 ? JSON.stringify(answer.body) : "").not.toMatch(SECRET);
  });

  test.each(ROWS.filter(([method, { path }]) => method === "GET" && !path.startsWith("/stream")))(
    "HEAD as %s %j",
    async (_method, { path, status }) => {
      const head = await scene.bound.raw(withIds(path), { method: "HEAD" });
      expect(head.status).toBe(status);
    },
  );

  test("has changed nothing by all of that", async () => {
    const { body } = await scene.admin.get("/endpoints");
    const endpoints = body?.["endpoints"] as { version: number }[];
    expect(endpoints.map(({ version }) => version)).toEqual(endpoints.map(() => 1));
    const agent = await scene.admin.get(`/agent/v1/${HIDDEN}`);
    expect(agent.body).toMatchObject({ version: 2 });
  });
});
