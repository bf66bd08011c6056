import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type BulkScene, LONG_AGO, recordsOfJob, startBulkScene } from "./bulk-scene.ts";

failOnLeaks();

const EVENTS = 80;

let scene: BulkScene;
beforeAll(async () => {
  scene = await startBulkScene();
  await scene.makeDeadLetters("bulk", EVENTS);
  scene.mendEndpoint();
});
afterAll(() => scene.stop());

/** An endpoint for the events of the agent, by its uid; its id. */
const endpoint = async (uid: string, more: object = {}): Promise<string> => {
  const settings = { uid, url: scene.receiver.url(`/${uid}`), agents: ["bulk"], ...more };
  const { status, body } = await scene.call<Record<string, string>>("POST", "/endpoints", settings);
  expect([status, body]).toEqual([201, body]);
  return body["endpoint_id"] ?? "";
};

const callIdsAt = (path: string): string[] =>
  scene.receiver
    .requestsTo(path)
    .map(({ body }) => (JSON.parse(body.toString()) as { call_id: string }).call_id);

const all = Array.from({ length: EVENTS }, (_, n) => `bulk-${n}`);

describe("a job for an endpoint", () => {
  test("brings what it missed, from before it was created too, once each and in order, though the API is killed", async () => {
    const requestsBefore = scene.receiver.requestsTo("/bulk").length;
    const endpoint_id = await endpoint("later");
    const asked = { endpoint_id: "later", since: LONG_AGO, status: "undelivered" };
    const { redelivery_id: id, ...job } = await scene.create({ ...asked, rate_per_second: 40 });
    expect(job).toMatchObject({ endpoint_id, state: "running" });
    await eventually(() => scene.receiver.requestsTo("/later").length >= 15, {
      what: "some are delivered",
      intervalMs: 5,
    });
    await scene.apis.pop()!.kill();
    await scene.startApi();
    const counts = { found: EVENTS, sent: EVENTS, skipped: 0, delivered: EVENTS, failed: 0 };
    expect(await scene.settled(id, "done", 60_000)).toMatchObject(counts);
    const callIds = callIdsAt("/later");
    expect(callIds.toSorted()).toEqual(all.toSorted());
    // Those of a batch are started together, ten at this rate.
    const places = callIds.map((callId) => Math.floor(all.indexOf(callId) / 10));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect((await recordsOfJob(scene, id)).size).toBe(EVENTS);
    expect(scene.receiver.requestsTo("/bulk")).toHaveLength(requestsBefore);
    // It has them now.
    const again = await scene.settled((await scene.create(asked)).redelivery_id, "done");
    expect(again).toMatchObject({ found: 0, sent: 0, skipped: 0 });
    const theirs = await scene.call<{ redeliveries: unknown[] }>(
      "GET",
      "/redeliveries?endpoint_id=later",
    );
    expect(theirs.body.redeliveries).toMatchObject([
      { endpoint_id },
      { endpoint_id, sent: EVENTS },
    ]);
    expect((await scene.call("GET", "/redeliveries?endpoint_id=other")).body).toMatchObject({
      redeliveries: [],
    });
  });

  test("brings events that the endpoint is for, and no others", async () => {
    await endpoint("others", { agents: ["somebody"] });
    await endpoint("types", { event_types: ["call_started", "recording_*"] });
    for (const endpoint_id of ["others", "types"]) {
      const asked = { endpoint_id, since: LONG_AGO, status: "all" };
      const job = await scene.settled((await scene.create(asked)).redelivery_id, "done");
      expect([endpoint_id, job.found, job.sent]).toEqual([endpoint_id, 0, 0]);
    }
  });

  test("ends when its endpoint is disabled meanwhile", async () => {
    await endpoint("off");
    const asked = { endpoint_id: "off", since: LONG_AGO, status: "all", rate_per_second: 4 };
    const { redelivery_id } = await scene.create(asked);
    await eventually(() => scene.receiver.requestsTo("/off").length > 0, { what: "it has begun" });
    expect((await scene.call("POST", "/endpoints/off/disable")).status).toBe(200);
    const job = await scene.settled(redelivery_id, "stopped");
    expect(job.sent).toBeLessThan(EVENTS);
  });

  test("is refused where the endpoint is not there or disabled", async () => {
    const asked = { since: LONG_AGO, status: "all" };
    const unknown = await scene.call("POST", "/redeliveries", { ...asked, endpoint_id: "nobody" });
    expect(unknown).toMatchObject({
      status: 404,
      body: { code: "endpoint_not_found", detail: expect.stringContaining('"nobody"') },
    });
    await endpoint("never");
    await scene.call("POST", "/endpoints/never/disable");
    const disabled = await scene.call("POST", "/redeliveries", { ...asked, endpoint_id: "never" });
    expect(disabled).toMatchObject({ status: 409, body: { code: "endpoint_disabled" } });
  });
});
