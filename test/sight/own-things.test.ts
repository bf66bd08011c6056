import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { send } from "../endpoints/scene.ts";
import { eventually } from "../harness/eventually.ts";
import { HIDDEN, OURS, useScene } from "./scene.ts";

failOnLeaks();

const scene = useScene();

const listed = async (path: string, list: string): Promise<Record<string, unknown>[]> => {
  const { status, body } = await scene.bound.get(path);
  expect([path, status]).toEqual([path, 200]);
  return body?.[list] as Record<string, unknown>[];
};

const namesOf = (rows: readonly Record<string, unknown>[], field: string) =>
  [...new Set(rows.map((row) => String(row[field])))].toSorted();

test("a bound key sees its agent's event at the destinations that are its agent's", async () => {
  const { body } = await scene.bound.get(`/events/${scene.ids.OWN_EVENT}`);
  const deliveries = body?.["deliveries"] as { uid?: string }[];
  expect(deliveries.map(({ uid }) => uid)).toEqual([undefined, "own-ep"]);
  expect(body).toMatchObject({ status: "delivered", attempt_count: 2 });
  const all = await scene.admin.get(`/events/${scene.ids.OWN_EVENT}`);
  expect(all.body?.["deliveries"]).toHaveLength(5);
});

test.each([
  ["/events", "events", [OURS]],
  ["/events?status=delivered", "events", [OURS]],
  ["/events?call_id=c-shared", "events", [OURS]],
  ["/events?endpoint_id=own-ep", "events", [OURS]],
  ["/deliveries", "deliveries", [OURS]],
  ["/attempts", "attempts", [OURS]],
  ["/attempts?call_id=c-shared", "attempts", [OURS]],
  ["/endpoints/own-ep/attempts", "attempts", [OURS]],
  ["/calls/c-shared/events", "events", [OURS]],
  ["/assistant", "agents", [OURS]],
  ["/agent/all?offset=0", "agents", [OURS]],
])("%s has what is of its agent", async (path, list, agents) => {
  expect(namesOf(await listed(path, list), "agent_id")).toEqual(agents);
});

test("lists have as many rows as the event shows", async () => {
  expect(await listed("/deliveries", "deliveries")).toHaveLength(2);
  expect(await listed("/attempts", "attempts")).toHaveLength(2);
  expect(await listed("/events", "events")).toMatchObject([
    { attempt_count: 2, status: "delivered" },
  ]);
  expect(namesOf(await listed("/endpoints", "endpoints"), "uid")).toEqual(["own-ep"]);
  const jobs = await listed("/redeliveries", "redeliveries");
  expect(namesOf(jobs, "redelivery_id")).toEqual([scene.ids.OWN_JOB]);
});

test("a bound key creates endpoints for its agents, and sees them at once", async () => {
  const url = "https://a.example.com/";
  const body = { url, uid: "made", agents: [OURS], event_types: ["call_*"] };
  expect(await send(scene.bound, "POST", "/endpoints", body)).toMatchObject({ status: 201 });
  expect((await scene.bound.get("/endpoints/made")).status).toBe(200);
  expect((await scene.others.get("/endpoints/made")).status).toBe(404);
  const moved = await send(scene.admin, "PATCH", "/endpoints/made", { agents: ["*"] });
  expect(moved.status).toBe(200);
  expect((await scene.bound.get("/endpoints/made")).status).toBe(404);
  await send(scene.admin, "PATCH", "/endpoints/made", { agents: [OURS] });
  // What it was meanwhile is nothing that the key may know.
  const { body: history } = await scene.bound.get("/endpoints/made/history");
  expect(history).toMatchObject({ changes: [{ version: 3 }], next_cursor: null });
  expect((await send(scene.bound, "DELETE", "/endpoints/made")).status).toBe(204);
});

test("a bound key's redelivery goes to the destinations that it sees", async () => {
  const path = `/events/${scene.ids.OWN_EVENT}/redeliver`;
  const { status, body } = await send(scene.bound, "POST", path);
  expect(status).toBe(202);
  const deliveries = body?.["deliveries"] as { uid?: string }[];
  expect(deliveries.map(({ uid }) => uid)).toEqual([undefined, "own-ep"]);
});

test("a bound key's job without an agent sends the events of its agents alone", async () => {
  const wanted = { since: "1h", status: "all" };
  const { body } = await send(scene.bound, "POST", "/redeliveries", wanted);
  expect(body).toMatchObject({ agents: [OURS, "unborn"] });
  const id = String(body?.["redelivery_id"]);
  const job = await eventually(async () => {
    const { body: now } = await scene.bound.get(`/redeliveries/${id}`);
    if (now?.["state"] !== "done") throw new Error(`the job is ${String(now?.["state"])}`);
    return now;
  });
  expect(job).toMatchObject({ found: 1, sent: 2 });
  expect((await scene.others.get(`/redeliveries/${id}`)).status).toBe(404);
});

test("an Idempotency-Key of a bound key is its own", async () => {
  const key = { "idempotency-key": "the-same" };
  const body = { url: "https://a.example.com/", uid: "once", agents: [OURS] };
  const rename = { operation: "rename_agent", agent_id: OURS, agent_display_name: "Ours" };
  expect((await send(scene.admin, "PATCH", "/agent/v1", rename, key)).status).toBe(200);
  const made = await send(scene.bound, "POST", "/endpoints", body, key);
  expect(made.status).toBe(201);
  const again = await send(scene.bound, "POST", "/endpoints", body, key);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  const theirs = await send(scene.others, "POST", "/endpoints", { ...body, agents: [HIDDEN] }, key);
  expect(theirs.status).toBe(409);
});
