import { describe, expect, test } from "vitest";
import { problem, type Answer } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { CRM, errorsIn, send } from "./scene.ts";

failOnLeaks();

const started = useApi({ env: { ENDPOINTS_PER_WORKSPACE: "1000" } });

const create = async (body: object): Promise<Answer> => {
  const answer = await send(started.writer, "POST", "/endpoints", { ...CRM, ...body });
  expect(answer.status).toBe(201);
  return answer;
};

const idIn = ({ body }: Answer): string => String(body?.["endpoint_id"]);

const WHOLE = {
  description: "CRM, production",
  metadata: { team: "support" },
  agents: ["agent-7", "agent-8"],
  event_types: ["call_*", "*_completed", "delivery_exhausted"],
  method_type: "PUT",
  delivery: { timeout: "10s", retry_delays: ["1s"] },
  order: { by: "call", on_failure: "skip", max_wait: "90s" },
};

describe("an endpoint", () => {
  test("is created with defaults and a signing secret, which is never shown again", async () => {
    const answer = await create({ uid: "plain" });
    const id = idIn(answer);
    expect(id).toMatch(/^ep_[a-z2-7]{16}$/);
    expect(answer.headers.get("location")).toBe(`/ca/api/v0/endpoints/${id}`);
    expect(answer.headers.get("etag")).toBe('"1"');
    const { signing_secret, ...endpoint } = answer.body ?? {};
    expect(signing_secret).toMatch(/^whsec_/);
    expect(endpoint).toEqual({
      endpoint_id: id,
      uid: "plain",
      url: CRM.url,
      method_type: "POST",
      headers: CRM.headers,
      agents: ["*"],
      event_types: ["*"],
      state: "healthy",
      state_since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      signing: [{ id: expect.any(String), scheme: "v1", created_at: expect.any(String) }],
      version: 1,
      created_at: endpoint["state_since"],
      updated_at: endpoint["state_since"],
    });
    expect((await started.writer.get(`/endpoints/${id}`)).body).toEqual(endpoint);
  });

  test("has what was set, by its id and by its uid", async () => {
    const answer = await create({ uid: "whole", ...WHOLE });
    for (const name of [idIn(answer), "whole"]) {
      const read = await started.writer.get(`/endpoints/${name}`);
      expect(read).toMatchObject({ status: 200, body: { uid: "whole", ...CRM, ...WHOLE } });
    }
  });

  test("without a uid is another one each time", async () => {
    const [one, other] = [await create({}), await create({})];
    expect(idIn(one)).not.toBe(idIn(other));
    expect(one.body).not.toHaveProperty("uid");
  });

  test("shows its secrets to keys that may set them, and to no other key", async () => {
    const id = idIn(await create({ uid: "secrets" }));
    const read = await started.reader.get(`/endpoints/${id}`);
    expect(read.body).toMatchObject({
      url: "https://crm.example.com/calls?<redacted>",
      headers: { Authorization: "<redacted>" },
    });
    const paths = [`/endpoints/${id}`, `/endpoints/${id}/history`, "/endpoints"];
    for (const path of paths) {
      const text = JSON.stringify((await started.reader.get(path)).body);
      expect(text).not.toMatch(/secret-header|secret-query|whsec_/);
    }
    expect(read.headers.get("etag")).toBe('"1-redacted"');
  });

  test("is not there for another workspace, whose uids are its own", async () => {
    const id = idIn(await create({ uid: "ours" }));
    for (const name of [id, "ours"]) {
      const read = await started.other.get(`/endpoints/${name}`);
      expect(read).toMatchObject(problem(404, "endpoint_not_found"));
    }
    const theirs = await send(started.other, "POST", "/endpoints", { ...CRM, uid: "ours" });
    expect(theirs.status).toBe(201);
    expect(idIn(theirs)).not.toBe(id);
  });

  test("with a uid that is there is not created again: the answer says which one it is", async () => {
    const id = idIn(await create({ uid: "twice" }));
    const again = await send(started.writer, "POST", "/endpoints", { ...CRM, uid: "twice" });
    expect(again).toMatchObject(problem(409, "endpoint_exists"));
    expect(again.body?.["detail"]).toContain(id);
  });

  test("of an unchanged version need not be sent again", async () => {
    const id = idIn(await create({}));
    const headers = { "if-none-match": '"1"' };
    expect((await started.writer.raw(`/endpoints/${id}`, { headers })).status).toBe(304);
    expect((await started.reader.raw(`/endpoints/${id}`, { headers })).status).toBe(200);
  });
});

describe("a change", () => {
  test("sets the fields that it names; null takes optional ones away; the rest stays", async () => {
    const id = idIn(await create(WHOLE));
    const set = { url: "https://new.example.com/", agents: ["*"], headers: {} };
    const gone = { description: null, metadata: null, delivery: null, order: null };
    const answer = await send(started.writer, "PATCH", `/endpoints/${id}`, { ...set, ...gone });
    expect(answer).toMatchObject({
      status: 200,
      body: { ...set, event_types: WHOLE.event_types, method_type: "PUT", version: 2 },
    });
    for (const name of Object.keys(gone)) expect(answer.body).not.toHaveProperty(name);
    expect((await started.writer.get(`/endpoints/${id}`)).body).toEqual(answer.body);
  });

  test("that changes nothing stores nothing", async () => {
    const id = idIn(await create({ ...WHOLE, uid: "same" }));
    const same = { ...CRM, ...WHOLE };
    for (const [method, body] of [
      ["PATCH", same],
      ["PATCH", {}],
      ["PUT", same],
    ] as const) {
      const answer = await send(started.writer, method, `/endpoints/${id}`, body);
      expect(answer).toMatchObject({ status: 200, body: { version: 1 } });
    }
  });

  test("of the whole has defaults where it names nothing", async () => {
    const id = idIn(await create(WHOLE));
    const url = "https://only.example.com/";
    const answer = await send(started.writer, "PUT", `/endpoints/${id}`, { url });
    expect(answer).toMatchObject({
      status: 200,
      body: { url, headers: {}, method_type: "POST", agents: ["*"], event_types: ["*"] },
    });
    for (const name of ["description", "metadata", "delivery", "order"]) {
      expect(answer.body).not.toHaveProperty(name);
    }
    expect(answer.body).not.toHaveProperty("signing_secret");
  });

  test("of the whole creates the endpoint of a uid that is not there, and then sets it", async () => {
    const created = await send(started.writer, "PUT", "/endpoints/upserted", CRM);
    expect(created).toMatchObject({
      status: 201,
      body: { uid: "upserted", version: 1, signing_secret: expect.stringMatching(/^whsec_/) },
    });
    expect(created.headers.get("location")).toBe(`/ca/api/v0/endpoints/${idIn(created)}`);
    const set = await send(started.writer, "PUT", "/endpoints/upserted", {
      ...CRM,
      uid: "upserted",
      agents: ["a1"],
    });
    expect(set).toMatchObject({
      status: 200,
      body: { endpoint_id: idIn(created), agents: ["a1"], version: 2 },
    });
    expect(set.body).not.toHaveProperty("signing_secret");
  });

  test("of the whole by an id needs the endpoint to be there", async () => {
    const answer = await send(started.writer, "PUT", "/endpoints/ep_aaaaaaaaaaaaaaaa", CRM);
    expect(answer).toMatchObject(problem(404, "endpoint_not_found"));
  });

  test("of the uid is refused, and the same uid is none", async () => {
    const id = idIn(await create({ uid: "fixed" }));
    const other = await create({});
    for (const [method, path, body] of [
      ["PATCH", id, { uid: "moved" }],
      ["PUT", id, { ...CRM, uid: "moved" }],
      ["PUT", "fixed", { ...CRM, uid: "moved" }],
      ["PATCH", idIn(other), { uid: "given" }],
    ] as const) {
      const answer = await send(started.writer, method, `/endpoints/${path}`, body);
      expect(answer).toMatchObject(problem(422, "validation_failed"));
      expect(errorsIn(answer)).toHaveProperty("uid");
    }
    const same = await send(started.writer, "PATCH", `/endpoints/${id}`, { uid: "fixed" });
    expect(same).toMatchObject({ status: 200, body: { version: 1 } });
  });

  test("of an endpoint that is not there is refused by every call", async () => {
    const calls = [
      ["GET", ""],
      ["PATCH", "", {}],
      ["DELETE", ""],
      ["GET", "/history"],
      ...["pause", "resume", "enable", "disable", "rotate-secret", "test-event"].map(
        (name) => ["POST", `/${name}`] as const,
      ),
    ] as const;
    for (const [method, path, body] of calls) {
      for (const name of ["nobody", "ep_aaaaaaaaaaaaaaaa", "no%20id", "-x"]) {
        const answer = await send(started.writer, method, `/endpoints/${name}${path}`, body);
        expect([path, answer]).toMatchObject([path, problem(404, "endpoint_not_found")]);
      }
    }
  });
});

describe("a deleted endpoint", () => {
  test("is gone, and its uid may be used again: the id is the same, and versions go on", async () => {
    const id = idIn(await create({ uid: "phoenix" }));
    const deleted = await started.writer.delete("/endpoints/phoenix");
    expect(deleted).toMatchObject({ status: 204, body: null });
    expect(await started.writer.get(`/endpoints/${id}`)).toMatchObject({ status: 404 });
    expect(await started.writer.delete(`/endpoints/${id}`)).toMatchObject({ status: 404 });
    const again = await create({ uid: "phoenix" });
    expect(again.body).toMatchObject({ endpoint_id: id, version: 3 });
  });
});
