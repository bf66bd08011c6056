import { afterAll, beforeAll, expect, test } from "vitest";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";
import { CRM, send } from "./scene.ts";

failOnLeaks();

let server: NatsServer;
let instances: readonly [StartedService, StartedService];
beforeAll(async () => {
  server = await startNatsServer();
  const first = await startOn(server);
  instances = [first, await startOn(server, { keysFile: first.keysFile })];
});
afterAll(async () => {
  await Promise.all(instances.map(({ service }) => service.stop()));
  await server.stop();
});

const AT_ONCE = 20;

/** Requests to both instances at once; the nth gets its own body. */
const atOnce = (method: string, path: string, bodyOf: (n: number) => object, headers = {}) =>
  Promise.all(
    Array.from({ length: AT_ONCE }, (_, n) =>
      send(instances[n % 2]!.writer, method, path, { ...CRM, ...bodyOf(n) }, headers),
    ),
  );

const historyOf = async (uid: string) => {
  const { body } = await instances[0].reader.get(`/endpoints/${uid}/history`);
  return body?.["changes"] as { type: string; version: number }[];
};

const statusesOf = (answers: readonly { readonly status: number }[]): number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

test("of twenty that create one uid at once one does, and the others learn that it is there", async () => {
  const answers = await atOnce("POST", "/endpoints", () => ({ uid: "posted" }));
  expect(statusesOf(answers)).toEqual([201, ...Array<number>(AT_ONCE - 1).fill(409)]);
  expect(answers.filter(({ body }) => body?.["signing_secret"])).toHaveLength(1);
  expect(await historyOf("posted")).toMatchObject([{ type: "endpoint_created", version: 1 }]);
});

test("of twenty that put one uid alike at once one creates it, and the others find it so", async () => {
  const answers = await atOnce("PUT", "/endpoints/same", () => ({}));
  expect(statusesOf(answers)).toEqual([...Array<number>(AT_ONCE - 1).fill(200), 201]);
  expect(new Set(answers.map(({ body }) => body?.["endpoint_id"])).size).toBe(1);
  expect(await historyOf("same")).toHaveLength(1);
});

test("of twenty that put one uid differently at once each is a version of its own, or a conflict", async () => {
  const answers = await atOnce("PUT", "/endpoints/differs", (n) => ({ agents: [`a${n}`] }));
  const done = answers.filter(({ status }) => status === 200 || status === 201);
  expect(done.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter((one) => !done.includes(one)).every(({ status }) => status === 409)).toBe(
    true,
  );
  const versions = done.map(({ body }) => Number(body?.["version"])).toSorted((a, b) => a - b);
  expect(versions).toEqual(versions.map((_, n) => n + 1));
  const last = done.find(({ body }) => body?.["version"] === versions.length);
  const { body } = await instances[1].reader.get("/endpoints/differs");
  expect(body).toMatchObject({ agents: last?.body?.["agents"], version: versions.length });
  expect(await historyOf("differs")).toHaveLength(versions.length);
});

test("of twenty with one Idempotency-Key one endpoint comes, and its secret is shown once at most", async () => {
  const headers = { "idempotency-key": "one-endpoint" };
  const answers = await atOnce("POST", "/endpoints", () => ({}), headers);
  expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  const created = answers.filter(({ status }) => status === 201);
  expect(created.length).toBeGreaterThan(0);
  expect(new Set(created.map(({ body }) => body?.["endpoint_id"])).size).toBe(1);
  expect(created.filter(({ body }) => body?.["signing_secret"])).toHaveLength(1);
  const again = await send(instances[1].writer, "POST", "/endpoints", CRM, headers);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again).toMatchObject({
    status: 201,
    body: { endpoint_id: created[0]?.body?.["endpoint_id"] },
  });
  expect(again.body).not.toHaveProperty("signing_secret");
});

test("a list has what the other instance confirmed a moment ago", async () => {
  for (let n = 0; n < 10; n += 1) {
    const one = await send(instances[0].writer, "POST", "/endpoints", CRM);
    const { body } = await instances[1].reader.get("/endpoints?limit=200");
    expect(JSON.stringify(body)).toContain(one.body?.["endpoint_id"]);
  }
});
