import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import {
  endpointDestination,
  subscriptionDestination,
  type Candidates,
} from "@ringback/contracts/endpoints/destination";
import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { describe, expect, test } from "vitest";
import { endpointOf } from "../../../../test/harness/fixtures/endpoints.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import {
  EVENT_BODY,
  faultsIn,
  handlerDeps,
  messageInFlight,
  streamsInMemory,
  type Fault,
} from "../../../../test/harness/streams-in-memory.ts";
import type { EventDeps } from "./handle-event.ts";
import { handleEvent } from "./handle-event.ts";
import { handleRetry } from "./handle-retry.ts";

const A = endpointOf("ep_aaaaaaaaaaaaaaaa", { url: "https://a.example.com/", uid: "crm" });
const B = endpointOf("ep_bbbbbbbbbbbbbbbb", { url: "https://b.example.com/" });
const C = endpointOf("ep_cccccccccccccccc", { url: "https://c.example.com/" });
const AGENT_URL = "https://agent.example.com/";

const SUBSCRIPTION = {
  event_type: "call_completed",
  callback_url: AGENT_URL,
  headers: {},
  method_type: "POST" as const,
};

/** An event with these destinations, which may change between two of its messages. */
const scene = (status = 200) => {
  const streams = streamsInMemory();
  const requests: string[] = [];
  let isSubscribed = true;
  let endpoints: readonly Endpoint[] = [A, B, C];
  const once: Candidates[] = [];
  const send: EventDeps["send"] = async ({ url }) => {
    requests.push(url);
    const result = { kind: "response", status, headers: {}, bodyText: "", durationMs: 5 } as const;
    return { result, released: Promise.resolve() };
  };
  const deps = handlerDeps(streams, {
    send,
    candidates: async () => once.pop() ?? { isSubscribed, endpoints },
    find: async ({ address, deliveryId }) => {
      const endpoint = endpoints.find(({ endpoint_id }) => deliveryId.includes(endpoint_id));
      if (endpoint !== undefined) return endpointDestination(endpoint, address);
      return deliveryId === "7" && isSubscribed
        ? subscriptionDestination(address, SUBSCRIPTION)
        : undefined;
    },
  });
  return {
    streams,
    requests,
    wanted: (subscribed: boolean, ...by: readonly Endpoint[]): void => {
      isSubscribed = subscribed;
      endpoints = by;
    },
    /** For one look alone. */
    onceWanted: (subscribed: boolean, ...by: readonly Endpoint[]): void => {
      once.push({ isSubscribed: subscribed, endpoints: by });
    },
    handle: async (deliveryCount: number): Promise<string[]> => {
      const replies: string[] = [];
      const message = messageInFlight(eventSubject(ADDRESS), EVENT_BODY, deliveryCount, replies);
      await handleEvent(message.inFlight, deliveryCount > 1, deps);
      return replies;
    },
    /** Handles the messages of the deliveries that were started beside the first. */
    handleStarted: async (): Promise<void> => {
      for (const [id, retry] of streams.started) {
        const { inFlight } = messageInFlight(`retries.due.w1.a1.${id}`);
        await handleRetry(inFlight, retry, false, deps);
        streams.started.delete(id);
      }
    },
  };
};

const idsOf = (...endpoints: readonly Endpoint[]): string[] =>
  endpoints.map(({ endpoint_id }) => firstDeliveryId(7, endpoint_id));

describe("an event with several destinations", () => {
  test("has them stored, each further delivery started as a message of its own, and its first attempt made", async () => {
    const { streams, requests, handle, handleStarted } = scene();
    expect(await handle(1)).toEqual(["ack"]);
    expect(streams.fanOuts).toMatchObject([
      {
        event_seq: 7,
        deliveries: [
          { delivery_id: "7" },
          { delivery_id: `7-${A.endpoint_id}`, endpoint_id: A.endpoint_id, uid: "crm" },
          { endpoint_id: B.endpoint_id },
          { endpoint_id: C.endpoint_id },
        ],
      },
    ]);
    expect([...streams.started.keys()]).toEqual(idsOf(A, B, C));
    expect(requests).toEqual([AGENT_URL]);
    await handleStarted();
    expect(requests).toEqual([AGENT_URL, A.url, B.url, C.url]);
    expect(streams.records).toMatchObject([
      { outcome: { kind: "delivered" } },
      { delivery_id: `7-${A.endpoint_id}`, endpoint_id: A.endpoint_id, uid: "crm", attempt: 1 },
      { endpoint_id: B.endpoint_id, trigger: "event" },
      { endpoint_id: C.endpoint_id },
    ]);
    expect(streams.records[0]).not.toHaveProperty("delivery_id");
  });

  const CALLS = 6; // the set, three starts, the record; a failure's schedule

  test.each(faultsIn(CALLS))(
    "loses and repeats none where storing fails $when call $call",
    async (fault: Fault) => {
      const { streams, requests, handle, handleStarted } = scene(503);
      streams.fail(fault);
      await expect(handle(1)).rejects.toThrow("no reply");
      streams.fail(undefined);
      expect(await handle(2)).toEqual(["ack"]);
      await handleStarted();
      expect(await handle(3)).toEqual(["ack"]);
      await handleStarted();
      expect(streams.fanOuts).toHaveLength(1);
      expect([...streams.schedules.keys()].toSorted()).toEqual(["7", ...idsOf(A, B, C)]);
      // Without its record nobody knows that the request was sent.
      const isRepeated = fault.call === 5 && fault.when === "before";
      const toAgent = isRepeated ? [AGENT_URL, AGENT_URL] : [AGENT_URL];
      expect(requests.toSorted()).toEqual([A.url, ...toAgent, B.url, C.url].toSorted());
    },
  );

  test("keeps those that were decided first, whatever has changed when its message comes again", async () => {
    const { streams, requests, wanted, handle, handleStarted } = scene();
    streams.fail({ call: 2, when: "before" });
    await expect(handle(1)).rejects.toThrow("no reply");
    streams.fail(undefined);
    wanted(true, B, C);
    expect(await handle(2)).toEqual(["ack"]);
    await handleStarted();
    expect(requests).toEqual([AGENT_URL, B.url, C.url]);
    // Its endpoint was deleted before the attempt.
    const ofA = streams.records.filter(({ endpoint_id }) => endpoint_id === A.endpoint_id);
    expect(ofA).toMatchObject([{ outcome: { kind: "cancelled" } }]);
  });

  test("that another dispatcher decided at the same time goes where that one has decided", async () => {
    const { streams, wanted, onceWanted, handle } = scene();
    wanted(true, C);
    onceWanted(false, A, B);
    await Promise.all([handle(1), handle(1)]);
    expect(streams.fanOuts).toMatchObject([
      { deliveries: [{ endpoint_id: A.endpoint_id }, { endpoint_id: B.endpoint_id }] },
    ]);
    expect([...streams.started.keys()]).toEqual(idsOf(B));
  });
});

describe("an event with one destination", () => {
  test("costs what it costs without endpoints: its record", async () => {
    const { streams, requests, wanted, handle } = scene();
    wanted(false, A);
    expect(await handle(1)).toEqual(["ack"]);
    expect(streams.calls()).toBe(1);
    expect(requests).toEqual([A.url]);
    expect(streams.records).toMatchObject([{ delivery_id: `7-${A.endpoint_id}`, uid: "crm" }]);
  });

  test("has it stored where the endpoint's first attempt is put off", async () => {
    const { streams, requests, wanted, handle } = scene();
    wanted(false, { ...A, switch: "paused" });
    expect(await handle(1)).toEqual(["ack"]);
    expect(requests).toEqual([]);
    expect(streams.fanOuts).toMatchObject([{ deliveries: [{ endpoint_id: A.endpoint_id }] }]);
    expect([...streams.schedules.keys()]).toEqual(idsOf(A));
  });
});

test("an event that nobody wants is acknowledged, and nothing is stored", async () => {
  const { streams, wanted, handle } = scene();
  wanted(false);
  expect(await handle(1)).toEqual(["ack"]);
  expect(streams.calls()).toBe(0);
});
