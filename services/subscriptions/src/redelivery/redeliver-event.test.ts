import { originIn } from "@ringback/contracts/streams/stream-origin";
import { randomUUIDv7 } from "node:crypto";
import { endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import { eventId } from "@ringback/contracts/events/event";
import { dueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { endpointIdOfUid } from "@ringback/contracts/endpoints/endpoint-id";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { keyRing } from "@ringback/runtime/secrets/sealing";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { retryMessage } from "../../../../test/harness/fixtures/records.ts";
import { storeEndpoint } from "../../../../test/endpoints/stored-endpoints.ts";
import { endpointId } from "../../../../test/harness/fixtures/endpoints.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { withPublish } from "../../../../test/harness/nats/with-publish.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import {
  FAILED,
  startStreams,
  type StoredEvent,
  type Streams,
} from "../../../../test/lists/streams.ts";
import { pendingOf, schedule, storeEvent } from "../../../../test/redelivery/stored.ts";
import { entityStore } from "../commands/entity-store.ts";
import { ENDPOINTS } from "../endpoints/endpoint-commands.ts";
import { requestStore } from "../idempotency/request-store.ts";
import { redeliverEvent } from "./redeliver-event.ts";
import { startRedelivery } from "./start-delivery.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const LATER_MS = Date.parse("2099-01-01T00:00:00.000Z");
const FAULTS: readonly Fault[] = ["before", "after"];

const depsOf = (nats: Nats = streams.nats): Parameters<typeof redeliverEvent>[1] => ({
  nats,
  due: { subjectOf: dueRetrySubject, allKnowEndpoints: () => true },
  eventsOrigin: originIn(streams.origins, STREAMS.events),
  rules: { types: { kind: "open" }, schema: "warn", isOwnType: () => false },
  now: () => new Date("2026-01-01T00:00:00.000Z"),
  requests: requestStore(nats, { admitKey: () => undefined }),
  endpoints: entityStore(ENDPOINTS, {
    nats,
    sealer: keyRing([]),
    log: createLogger("test", "fatal"),
    tracer: undefined,
  }),
});

let keys = 0;
/** A request for this event, with a key of its own unless it is to have none. */
const requestFor = ({ seq }: StoredEvent, isKeyed = true) => {
  keys += 1;
  const keyHash = String(keys).padStart(64, "a");
  return {
    workspaceId: "w1",
    eventId: eventId(originIn(streams.origins, STREAMS.events), seq),
    countsAgainstSchedule: true,
    key: isKeyed ? { keyHash, requestHash: "b".repeat(64) } : undefined,
  };
};

/** An event that was delivered: it can be delivered again. */
const delivered = async (agentId: string): Promise<StoredEvent> => {
  const event = await storeEvent(streams, { agentId });
  await streams.attempt(event);
  return event;
};

/** An event whose first attempt failed, and whose second one waits. */
const waiting = async (agentId: string): Promise<StoredEvent> => {
  const event = await storeEvent(streams, { agentId });
  const at = new Date(LATER_MS).toISOString();
  await streams.attempt(event, { outcome: FAILED, next: { kind: "retry", at, attempts_left: 3 } });
  await schedule(streams, retryOf(event));
  return event;
};

const retryOf = ({ seq, address }: StoredEvent, attempt = 2) =>
  retryMessage({ address, eventSeq: seq, deliveryId: String(seq), attempt, dueMs: LATER_MS });

describe.each([
  ["that was delivered", delivered, { mode: "redelivery", attempt: 1 }],
  ["that waits", waiting, { mode: "retry_now", attempt: 2 }],
])("an event %s, with an Idempotency-Key", (_what, prepare, decided) => {
  test.each(FAULTS)(
    "is delivered once, whichever call gets no reply (%s), when the request is repeated",
    async (fault) => {
      let faults = 0;
      for (let n = 1; faults === n - 1; n += 1) {
        const event = await prepare(`${decided.mode}-${fault}-${n}`);
        const request = requestFor(event);
        const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
        const nats = withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));
        const first = await redeliverEvent(request, depsOf(nats)).catch(() => undefined);
        const second = await redeliverEvent(request, depsOf());
        expect(second).toMatchObject({ kind: "decided", decided: [decided] });
        expect([undefined, "decided"]).toContain(first?.kind);
        const pending = await pendingOf(streams, event.address.agentId);
        expect(pending).toMatchObject([
          { state: "due", retry: { attempt: decided.attempt, trigger: "redelivery" } },
        ]);
        const [delivery] = pending;
        expect(second).toMatchObject({ decided: [{ delivery_id: delivery?.retry.deliveryId }] });
      }
      // The event, the key, four or more of its deliveries, the decision, the delivery.
      expect(faults).toBeGreaterThan(6);
    },
  );
});

describe("a repeat with the same key", () => {
  test("starts nothing when the delivery has ended, and the server has forgotten its message", async () => {
    const event = await delivered("forgotten");
    const request = requestFor(event);
    const first = await redeliverEvent(request, depsOf());
    const [started] = await pendingOf(streams, "forgotten");
    // The delivery was made, and its message acknowledged.
    await streams.attempt(event, { deliveryId: started?.retry.deliveryId ?? "" });
    await streams.nats.jsm.streams.purge(STREAMS.retries);
    expect(await redeliverEvent(request, depsOf(forgetful()))).toMatchObject({
      ...first,
      isRepeat: true,
    });
    expect(await pendingOf(streams, "forgotten")).toEqual([]);
  });

  test("does not bring the next attempt forward when the one that was meant has been made", async () => {
    const event = await waiting("moved-on");
    const request = requestFor(event);
    const first = await redeliverEvent(request, depsOf());
    await streams.nats.jsm.streams.purge(STREAMS.retries);
    await schedule(streams, retryOf(event, 3));
    expect(await redeliverEvent(request, depsOf())).toMatchObject({ ...first, isRepeat: true });
    expect(await pendingOf(streams, "moved-on")).toMatchObject([
      { state: "scheduled", retry: { attempt: 3 } },
    ]);
  });
});

/** A client of a server that has forgotten which message ids it has seen. */
const forgetful = (): Nats =>
  withPublish(streams.nats, (publish, subject, body, options) =>
    publish(subject, body, { ...options, msgID: randomUUIDv7() }),
  );

/** The schedule fires when the delivery is about to be brought forward, and the attempt is made. */
const firing = (): Nats =>
  withPublish(streams.nats, async (publish, subject, ...rest) => {
    if (subject.startsWith("retries.")) await streams.nats.jsm.streams.purge(STREAMS.retries);
    return publish(subject, ...rest);
  });

describe("an event whose retry fires between the decision and its effect", () => {
  test("is in progress where the request has no key: it was not this request that sent it", async () => {
    const event = await waiting("fires-unkeyed");
    expect(await redeliverEvent(requestFor(event, false), depsOf(firing()))).toEqual({
      kind: "rejected",
      rejection: { kind: "delivery_in_progress" },
    });
  });

  test("is decided where it has one: the decision is stored, and its attempt is made", async () => {
    const event = await waiting("fires-keyed");
    const request = requestFor(event);
    expect(await redeliverEvent(request, depsOf(firing()))).toMatchObject({
      kind: "decided",
      decided: [{ mode: "retry_now", delivery_id: String(event.seq), attempt: 2 }],
    });
    expect(await pendingOf(streams, "fires-keyed")).toEqual([]);
  });
});

const [A, B, C] = [endpointId(1), endpointId(2), endpointId(3)];

/** What an event came to at a destination: delivered, given up, or waiting for its second attempt. */
type At = "delivered" | "given_up" | "waits";

/** An event that went to these destinations first; `agent` is its agent's subscription. */
const fannedOut = async (agentId: string, came: Record<string, At>): Promise<StoredEvent> => {
  const event = await storeEvent(streams, { agentId });
  const { seq, address } = event;
  const deliveries = Object.keys(came).map((name) =>
    name === "agent"
      ? { delivery_id: String(seq) }
      : { delivery_id: `${seq}-${name}`, endpoint_id: name },
  );
  const set = { event_id: "e", event_seq: seq, at: new Date(0).toISOString(), deliveries };
  await streams.nats.js.publish(fanOutSubject(address, seq), JSON.stringify(set));
  for (const [n, to] of Object.values(came).entries()) {
    const deliveryId = deliveries[n]?.delivery_id ?? "";
    const at = new Date(LATER_MS).toISOString();
    if (to === "delivered") await streams.attempt(event, { deliveryId });
    else if (to === "given_up") {
      await streams.attempt(event, { deliveryId, outcome: FAILED, next: { kind: "dead_letter" } });
    } else {
      const next = { kind: "retry", at, attempts_left: 3 } as const;
      await streams.attempt(event, { deliveryId, outcome: FAILED, next });
      await schedule(streams, { ...retryOf(event), deliveryId });
    }
  }
  return event;
};

/** Where the due deliveries of an agent go. */
const dueTo = async (agentId: string): Promise<string[]> =>
  (await pendingOf(streams, agentId))
    .filter(({ state }) => state === "due")
    .map(({ retry }) => endpointIdOf(retry.deliveryId) ?? "to the agent")
    .toSorted((a, b) => (a < b ? -1 : 1));

describe("an event with several destinations", () => {
  test.each<[string, Record<string, At>, string[]]>([
    ["goes where it was not delivered", { agent: "delivered", [A]: "given_up" }, [A]],
    ["that waits somewhere goes on there", { agent: "waits", [A]: "delivered" }, ["to the agent"]],
    ["that was given up everywhere goes everywhere", { [A]: "given_up", [B]: "given_up" }, [A, B]],
    [
      "that was delivered everywhere goes everywhere again",
      { agent: "delivered", [A]: "delivered" },
      [A, "to the agent"],
    ],
  ])("%s, where no destination is named", async (what, came, to) => {
    const agentId = what.replaceAll(/\W/g, "-");
    const event = await fannedOut(agentId, came);
    const result = await redeliverEvent(requestFor(event), depsOf());
    expect(result).toMatchObject({ kind: "decided" });
    expect(await dueTo(agentId)).toEqual(to);
  });

  test("goes to the endpoints that are named, by id or uid, whether it went there first or not", async () => {
    const event = await fannedOut("named", { agent: "delivered", [A]: "delivered" });
    const uid = "crm";
    const byUid = endpointIdOfUid("w1", uid);
    await storeEndpoint(streams.nats, B, { switch: "paused" });
    await storeEndpoint(streams.nats, byUid, { uid });
    const to = { endpoints: [B, uid, byUid], isToAgent: false };
    const result = await redeliverEvent({ ...requestFor(event), to }, depsOf());
    expect(result).toMatchObject({
      decided: [
        { endpoint_id: B, mode: "redelivery", attempt: 1 },
        { endpoint_id: byUid, uid, mode: "redelivery", attempt: 1 },
      ],
    });
    expect(await dueTo("named")).toEqual([B, byUid].toSorted((a, b) => (a < b ? -1 : 1)));
  });

  test("goes to its agent's subscription where that is named, alone or beside endpoints", async () => {
    const event = await fannedOut("to-agent", { agent: "delivered", [A]: "given_up" });
    const to = { endpoints: [], isToAgent: true };
    await redeliverEvent({ ...requestFor(event), to }, depsOf());
    expect(await dueTo("to-agent")).toEqual(["to the agent"]);
  });

  test("is in progress at one destination, and begins at the others", async () => {
    const event = await fannedOut("partly", { agent: "given_up", [A]: "given_up" });
    const { address, seq } = event;
    const deliveryId = `${seq}-${A}-earlier`;
    const dueA = retryMessage({ address, eventSeq: seq, deliveryId, attempt: 1, dueMs: 0 });
    await startRedelivery(depsOf(), dueA);
    expect(await redeliverEvent(requestFor(event), depsOf())).toMatchObject({
      kind: "decided",
      decided: [{ mode: "redelivery" }, { endpoint_id: A, mode: "in_progress" }],
    });
    expect(await dueTo("partly")).toEqual([A, "to the agent"]);
    expect(await redeliverEvent(requestFor(event), depsOf())).toEqual({
      kind: "rejected",
      rejection: { kind: "delivery_in_progress" },
    });
  });

  test("that waits at one destination begins at another one, and goes on waiting there", async () => {
    const event = await fannedOut("waits-at-b", {
      agent: "delivered",
      [A]: "given_up",
      [B]: "waits",
    });
    await storeEndpoint(streams.nats, A, {});
    const to = { endpoints: [A], isToAgent: false };
    await redeliverEvent({ ...requestFor(event), to }, depsOf());
    const pending = await pendingOf(streams, "waits-at-b");
    expect(pending.map(({ state, retry }) => [state, endpointIdOf(retry.deliveryId)])).toEqual([
      ["scheduled", B],
      ["due", A],
    ]);
  });

  test("that no dispatcher has handled begins nowhere: its first deliveries may go anywhere", async () => {
    const event = await storeEvent(streams, { agentId: "unhandled" });
    await storeEndpoint(streams.nats, A, {});
    const to = { endpoints: [A], isToAgent: false };
    expect(await redeliverEvent({ ...requestFor(event), to }, depsOf())).toMatchObject({
      rejection: { kind: "delivery_in_progress" },
    });
  });

  test.each(FAULTS)(
    "is delivered once at each, whichever call gets no reply (%s), when the request is repeated",
    async (fault) => {
      let faults = 0;
      for (let n = 1; faults === n - 1; n += 1) {
        const agentId = `several-${fault}-${n}`;
        const event = await fannedOut(agentId, {
          agent: "given_up",
          [A]: "waits",
          [B]: "given_up",
        });
        const request = requestFor(event);
        const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
        const nats = withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));
        await redeliverEvent(request, depsOf(nats)).catch(() => undefined);
        const second = await redeliverEvent(request, depsOf());
        expect(second).toMatchObject({
          kind: "decided",
          decided: [
            { mode: "redelivery" },
            { mode: "retry_now", endpoint_id: A, attempt: 2 },
            { mode: "redelivery", endpoint_id: B },
          ],
        });
        expect(await dueTo(agentId)).toEqual([A, B, "to the agent"]);
        expect(await pendingOf(streams, agentId)).toHaveLength(3);
      }
      // The event, the key, its records, three deliveries, the decision, three starts.
      expect(faults).toBeGreaterThan(10);
    },
  );
});

const rejectionOf = async (endpoints: string[], deps = depsOf()) => {
  const event = await fannedOut("refused", { agent: "delivered", [A]: "given_up" });
  const to = { endpoints, isToAgent: true };
  const result = await redeliverEvent({ ...requestFor(event), to }, deps);
  expect(await pendingOf(streams, "refused")).toEqual([]);
  return result.kind === "rejected" ? result.rejection : undefined;
};

describe("a request that names endpoints starts nothing", () => {
  test("where some are not there", async () => {
    await storeEndpoint(streams.nats, A, {});
    expect(await rejectionOf([A, "nobody", C, "%"])).toEqual({
      kind: "endpoints_not_found",
      named: ["nobody", C, "%"],
    });
  });

  test("where one is disabled", async () => {
    await storeEndpoint(streams.nats, A, {});
    await storeEndpoint(streams.nats, C, { switch: "disabled" });
    expect(await rejectionOf([A, C])).toEqual({ kind: "endpoints_disabled", named: [C] });
    await storeEndpoint(streams.nats, C, null);
  });

  test("where a dispatcher runs that would send it to the agent's subscription", async () => {
    await storeEndpoint(streams.nats, A, {});
    const due = { subjectOf: dueRetrySubject, allKnowEndpoints: () => false };
    expect(await rejectionOf([A], { ...depsOf(), due })).toEqual({ kind: "dispatchers_outdated" });
  });
});
