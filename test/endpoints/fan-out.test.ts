import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { status, type Behaviour } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { settled } from "../harness/settled.ts";
import { recordsOf, storeEndpoint } from "./stored-endpoints.ts";

failOnLeaks();

const ENDPOINTS = 49;
const TIMEOUT_MS = 3_000;
const EVENTS = 5;

let platform: Platform;
let receiver: Receiver;
const behaviours = new Map<string, Behaviour>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: { RETRY_DELAYS: "200ms", DELIVERY_TIMEOUT: `${TIMEOUT_MS}ms` },
    }),
    startReceiver(({ path }) => behaviours.get(path) ?? status(200)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const HANGING = 7;
const DOWN = 11;
const FILTERED = 13;
const ORDERED = 17;

const MORE: Readonly<Record<number, Partial<Endpoint>>> = {
  [FILTERED]: { filter: '{"data":{"status":"failed"}}' },
  [ORDERED]: { order: { by: "call", on_failure: "wait", max_wait: "10m" } },
};

/** The nth endpoint's URL; nobody listens at that of `DOWN`. */
const urlOf = (n: number): string =>
  n === DOWN ? "http://127.0.0.1:9/" : receiver.url(`/to-${n}`);

test("fifty destinations each get every event, whatever one of them does", async () => {
  behaviours.set(`/to-${HANGING}`, { kind: "hang" });
  for (let n = 0; n < ENDPOINTS; n += 1) {
    await storeEndpoint(platform.client, endpointId(n), { url: urlOf(n), ...MORE[n] });
  }
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/agent") },
  ]);
  const startedMs = Date.now();
  const published = await Promise.all(
    Array.from({ length: EVENTS }, (_, n) => platform.publish({ callId: `c-${n}` })),
  );
  const paths = Array.from({ length: ENDPOINTS }, (_, n) => n).filter(
    (n) => n !== HANGING && n !== DOWN && n !== FILTERED,
  );
  const arrived = [...paths.map((n) => `/to-${n}`), "/agent"];
  await eventually(
    () => {
      for (const path of arrived) {
        const got = receiver.requestsTo(path).length;
        if (got < EVENTS) throw new Error(`${path} got ${got} of ${EVENTS}`);
      }
      return true;
    },
    { timeoutMs: 10_000 },
  );
  const lastMs = Math.max(
    ...arrived.flatMap((path) => receiver.requestsTo(path).map(({ atMs }) => atMs)),
  );
  expect(lastMs - startedMs).toBeLessThan(TIMEOUT_MS); // none waited for the one that hangs
  await settled(platform.client, { timeoutMs: 20_000 });
  for (const path of arrived) expect(receiver.requestsTo(path)).toHaveLength(EVENTS);
  expect(receiver.requestsTo(`/to-${FILTERED}`)).toEqual([]);
  for (const event of published) {
    const records = await recordsOf(platform.client, event);
    const byDelivery = Map.groupBy(records, ({ delivery_id }) => delivery_id ?? "agent");
    expect(byDelivery.size).toBe(ENDPOINTS);
    const ends = [...byDelivery].map(([id, chain]) => [
      id,
      chain.map(({ attempt }) => attempt),
      chain.at(-1)?.next.kind,
    ]);
    const delivered = ends.filter(
      ([, attempts, next]) => next === "done" && String(attempts) === "1",
    );
    expect(delivered).toHaveLength(ENDPOINTS - 2);
    for (const n of [HANGING, DOWN]) {
      const id = `${event.seq}-${endpointId(n)}`;
      expect(ends).toContainEqual([id, [1, 2], "dead_letter"]);
    }
  }
  const deadLetters = await platform.deadLetters();
  expect(deadLetters.map(({ endpoint_id }) => String(endpoint_id)).toSorted()).toEqual(
    [endpointId(HANGING), endpointId(DOWN)]
      .flatMap((id) => Array.from({ length: EVENTS }, () => id))
      .toSorted(),
  );
});

test("an endpoint gets the events of its agents and types, signed and with its own method and headers", async () => {
  const id = endpointId(100);
  const chosen = {
    url: receiver.url("/chosen?token=t"),
    method_type: "PUT" as const,
    headers: { "X-Tenant": "t1" },
    agents: ["a1", "a2"],
    event_types: ["*_completed"],
    uid: "crm",
  };
  await storeEndpoint(platform.client, id, chosen, "w2");
  const at = { workspaceId: "w2" };
  await platform.publish({ ...at, callId: "c1" });
  await platform.publish({ ...at, callId: "c1", eventType: "recording_completed", agentId: "a2" });
  await platform.publish({ ...at, callId: "c1", agentId: "a3" });
  const started = await platform.publish({ ...at, callId: "c1", eventType: "call_started" });
  await settled(platform.client, { timeoutMs: 10_000 });
  const requests = receiver.requestsTo("/chosen?token=t");
  expect(requests.map(({ method, headers }) => [method, headers["x-tenant"]])).toEqual([
    ["PUT", "t1"],
    ["PUT", "t1"],
  ]);
  expect(requests.map(({ headers }) => String(headers["ringback-event-type"])).toSorted()).toEqual([
    "call_completed",
    "recording_completed",
  ]);
  expect(await recordsOf(platform.client, started)).toEqual([]);
});

test("an endpoint that was changed, disabled or deleted between attempts is taken as it is then", async () => {
  const behaviour = status(503);
  const cases = [
    { path: "/moved", later: { url: receiver.url("/moved-to") }, last: "delivered" },
    { path: "/disabled", later: { switch: "disabled" }, last: "cancelled" },
    { path: "/deleted", later: null, last: "cancelled" },
  ] as const;
  for (const [n, { path, later, last }] of cases.entries()) {
    const id = endpointId(200 + n);
    const agentId = `changing-${n}`;
    behaviours.set(path, behaviour);
    const endpoint = { agents: [agentId], url: receiver.url(path) };
    await storeEndpoint(platform.client, id, endpoint, "w2");
    const event = await platform.publish({ workspaceId: "w2", callId: "c1", agentId });
    await receiver.received(1, { path });
    await storeEndpoint(platform.client, id, later && { ...endpoint, ...later }, "w2");
    const records = await eventually(async () => {
      const all = await recordsOf(platform.client, event);
      return all.length >= 2 && all;
    });
    expect(records.map(({ outcome }) => outcome.kind)).toEqual(["failed", last]);
  }
});
