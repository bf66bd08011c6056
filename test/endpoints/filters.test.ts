import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { CRM, errorsIn, send } from "./scene.ts";

failOnLeaks();

const started = useApi();

const LARGE = '{"data":{"account":{"$gte":9007199254740993},"amount":{"$lt":1e400}}}';

/** A request whose body is this text: `JSON.stringify` has no such numbers. */
const sendText = (method: string, path: string, body: string) =>
  started.writer.raw(path, { method, headers: { "content-type": "application/json" }, body });

/** An answer as it came over the wire. */
const textOf = async (path: string): Promise<string> => {
  const key = started.keysFile.keys[1] ?? "";
  const url = started.service.httpUrl(`/ca/api/v0${path}`);
  const response = await fetch(url, { headers: { "x-api-key": key } });
  return response.text();
};

test("a filter is shown with every digit as it was written, wherever it is shown", async () => {
  const url = "https://crm.example.com/";
  const created = await sendText("PUT", "/endpoints/large", `{"url":"${url}","filter":${LARGE}}`);
  expect(created.status).toBe(201);
  for (const path of ["/endpoints/large", "/endpoints", "/endpoints/large/history"]) {
    expect(await textOf(path)).toContain(`"filter":${LARGE}`);
  }
  // The same filter again is no change; one that only a double takes for the same is.
  const same = await sendText("PATCH", "/endpoints/large", `{"filter":${LARGE}}`);
  expect(same.body).toMatchObject({ version: 1 });
  const other = LARGE.replace("9007199254740993", "9007199254740992");
  const changed = await sendText("PATCH", "/endpoints/large", `{"filter":${other}}`);
  expect(changed.body).toMatchObject({ version: 2 });
  const gone = await send(started.writer, "PATCH", "/endpoints/large", { filter: null });
  expect(gone.body).toMatchObject({ version: 3 });
  expect(gone.body).not.toHaveProperty("filter");
  expect(await textOf("/endpoints/large/history")).toContain('"filter":null');
  await started.writer.delete("/endpoints/large");
});

test("a request with an Idempotency-Key is another one where only the last digit of a filter differs", async () => {
  const put = (filter: string) =>
    started.writer.raw("/endpoints/keyed", {
      method: "PUT",
      headers: { "content-type": "application/json", "idempotency-key": "digits" },
      body: `{"url":"https://crm.example.com/","filter":${filter}}`,
    });
  expect((await put(LARGE)).status).toBe(201);
  expect((await put(LARGE)).status).toBe(201);
  const other = await put(LARGE.replace("9007199254740993", "9007199254740992"));
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  await started.writer.delete("/endpoints/keyed");
});

test.each([
  [{ amount: 7 }, "filter.amount"],
  [{ data: { amount: { $gte: true } } }, "filter.data.amount.$gte"],
  [{ data: { amount: { $around: 7 } } }, "filter.data.amount.$around"],
  [[], "filter"],
  ["all", "filter"],
])("a filter %j is refused at its place", async (filter, path) => {
  for (const [method, at] of [
    ["POST", "/endpoints"],
    ["PUT", "/endpoints/never"],
    ["PATCH", "/endpoints/never"],
  ] as const) {
    const answer = await send(started.writer, method, at, { ...CRM, filter });
    expect(answer.status).toBe(422);
    expect(errorsIn(answer)).toHaveProperty([path]);
  }
});

test("a match tests filters with a payload, and says of each that fails where; without one it says that it did not", async () => {
  const long = { data: { call_duration: { $gte: 30 } } };
  await send(started.writer, "PUT", "/endpoints/long", { ...CRM, filter: long });
  await send(started.writer, "PUT", "/endpoints/plain", CRM);
  const own = { event_type: "call_completed", agent_id: "a1" };
  const match = (more: object) =>
    send(started.reader, "POST", "/endpoints/match", { ...own, ...more });
  expect((await match({ data: { call_duration: 31 } })).body).toMatchObject({
    matches: [{ uid: "long" }, { uid: "plain" }],
    others: [],
  });
  const path = "filter.data.call_duration.$gte";
  expect((await match({ data: { call_duration: 29 } })).body).toMatchObject({
    matches: [{ uid: "plain" }],
    others: [{ uid: "long", because: "filter", path }],
  });
  const untested = (await match({})).body?.["matches"] as object[];
  expect(untested).toMatchObject([{ uid: "long", filter: "not_tested" }, { uid: "plain" }]);
  expect(untested[1]).not.toHaveProperty("filter");
});
