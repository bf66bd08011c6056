import { headers as natsHeaders } from "@nats-io/nats-core";
import { eventMessage } from "@ringback/contracts/events/event";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startCollector, tracingTo, type Collector } from "./collector.ts";
import type { ExportedSpan } from "./exported-spans.ts";

failOnLeaks();

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const QUERY = "canary-in-query";
const PATH = "canary-in-path";
const HEADER = "canary-in-header";
const BODY = "canary-in-body";

let collector: Collector;
let receiver: Receiver;
let platform: Platform;

beforeAll(async () => {
  [collector, receiver] = await Promise.all([
    startCollector(),
    startReceiver(
      byPath({
        "/flaky": inTurn(status(500), status(503), status(200)),
        "/broken": status(500),
        [`/${PATH}`]: status(200, { body: BODY, headers: { "x-answer": HEADER } }),
      }),
    ),
  ]);
  platform = await startPlatform({
    env: tracingTo(collector),
    dispatcherEnv: { RETRY_DELAYS: "200ms,200ms" },
  });
});

afterAll(() => Promise.all([platform.stop(), receiver.stop(), collector.stop()]));

const subscribeTo = (agentId: string, path: string): Promise<void> =>
  platform.subscribe(
    [
      {
        event_type: "call_completed",
        callback_url: receiver.url(path),
        headers: { "x-secret": HEADER },
      },
    ],
    { agentId },
  );

/** Publishes as a producer that traces, or with whatever is in `headers` instead. */
const publish = async (
  agentId: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const callId = `call-of-${agentId}`;
  const eventType = "call_completed" as const;
  const body = { event_type: eventType, call_id: callId, transcript: [{ bot: BODY }] };
  const address = { workspaceId: "w1", callId, agentId, eventType };
  const message = eventMessage({ ...address, body });
  const sent = natsHeaders();
  for (const [name, value] of Object.entries(headers)) sent.append(name, value);
  const ack = await platform.client.js.publish(message.subject, message.body, {
    msgID: message.messageId,
    headers: sent,
  });
  return ack.seq;
};

const of =
  (agentId: string, kind: string) =>
  (span: ExportedSpan): boolean =>
    span.kind === kind && span.attributes["ringback.agent_id"] === agentId;

const childOf =
  ({ traceId, spanId }: Pick<ExportedSpan, "traceId" | "spanId">) =>
  (span: ExportedSpan): boolean =>
    span.traceId === traceId && span.parentSpanId === spanId;

describe("a change by the API", () => {
  let request: ExportedSpan;
  let publication: ExportedSpan;

  beforeAll(async () => {
    const answer = await fetch(platform.subscriptions.httpUrl("/ca/api/v0/agent/v1"), {
      method: "PATCH",
      headers: {
        "x-api-key": platform.apiKeys[0] ?? "",
        "content-type": "application/json",
        traceparent: `00-${TRACE}-${SPAN}-01`,
        tracestate: "vendor=1",
      },
      body: JSON.stringify({
        operation: "edit_event_subscriptions",
        agent_id: "changed",
        event_subscriptions: [
          { event_type: "call_completed", callback_url: receiver.url(`/?q=${QUERY}`) },
        ],
      }),
    });
    if (answer.status !== 200) throw new Error(`PATCH: ${answer.status}, expected 200`);
    [request] = await collector.arrived(
      1,
      childOf({ traceId: TRACE, spanId: SPAN }),
      "the request in its caller's trace",
    );
    // The first change of an agent that is not registered is two messages.
    [, publication] = (await collector.arrived(2, childOf(request), "its publications")) as [
      ExportedSpan,
      ExportedSpan,
    ];
  });

  test("is a server's span with its route and status", () => {
    expect(request).toMatchObject({
      name: "PATCH /ca/api/v0/agent/v1",
      kind: "SERVER",
      status: "UNSET",
      traceState: "vendor=1",
      attributes: {
        "http.request.method": "PATCH",
        "http.route": "/ca/api/v0/agent/v1",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "ringback.workspace_id": "w1",
      },
      resource: { "service.name": "ringback-subscriptions", "service.version": "0.1.0" },
    });
  });

  test("leads to its configuration event, which carries the trace", async () => {
    expect(publication).toMatchObject({
      name: "publish SUBSCRIPTIONS",
      kind: "PRODUCER",
      attributes: {
        "messaging.system": "nats",
        "messaging.operation.name": "publish",
        "messaging.destination.name": "SUBSCRIPTIONS",
        "ringback.configuration_event": "event_subscriptions_edited",
      },
    });
    const query = { last_by_subj: "subscriptions.w1.changed" };
    const stored = await platform.client.jsm.streams.getMessage("SUBSCRIPTIONS", query);
    expect(stored?.header.get("traceparent")).toBe(`00-${TRACE}-${publication.spanId}-01`);
    expect(stored?.header.get("tracestate")).toBe("vendor=1");
  });

  test("that is refused is no error of the server's", async () => {
    const path = "/ca/api/v0/nowhere-that-a-caller-wrote";
    const answer = await fetch(platform.subscriptions.httpUrl(path), {
      headers: { traceparent: `00-${"b".repeat(32)}-${SPAN}-01` },
    });
    expect(answer.status).toBe(404);
    const isIts = childOf({ traceId: "b".repeat(32), spanId: SPAN });
    const [span] = await collector.arrived(1, isIts, "the refused request");
    expect(span).toMatchObject({ name: "GET", status: "UNSET" });
    expect(span.attributes["http.response.status_code"]).toBe(404);
    expect(JSON.stringify(span)).not.toContain("nowhere");
  });
});

const attemptIn = async (consumer: ExportedSpan | undefined): Promise<ExportedSpan> => {
  const [attempt] = await collector.arrived(1, childOf(consumer!), "its attempt");
  return attempt;
};

describe("an event that is delivered at the third attempt", () => {
  let consumers: ExportedSpan[];

  beforeAll(async () => {
    await subscribeTo("flaky", "/flaky");
    await publish("flaky", { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "producer=1" });
    consumers = await collector.arrived(3, of("flaky", "CONSUMER"), "the event and its retries");
  });

  test("belongs to its producer's trace, with its attempt below it", async () => {
    const [first] = consumers;
    expect(first).toMatchObject({
      traceId: TRACE,
      parentSpanId: SPAN,
      traceState: "producer=1",
      name: "process EVENTS",
      status: "UNSET",
      links: [],
      attributes: {
        "messaging.system": "nats",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "EVENTS",
        "messaging.consumer.group.name": "dispatcher",
        "ringback.call_id": "call-of-flaky",
        "ringback.outcome": "failed",
        "ringback.failure_reason": "status",
      },
      resource: { "service.name": "ringback-dispatcher" },
    });
    expect(first?.events.map(({ name }) => name)).toEqual(["ringback.retry_scheduled"]);
    expect(await attemptIn(first)).toMatchObject({
      name: "POST",
      kind: "CLIENT",
      status: "ERROR",
      attributes: {
        "http.request.method": "POST",
        "http.response.status_code": 500,
        "server.address": "127.0.0.1",
        "server.port": receiver.port,
        "url.scheme": "http",
        "error.type": "status",
        "ringback.attempt": 1,
        "ringback.trigger": "event",
      },
    });
  });

  test("comes back in traces of their own, each linked to the first", async () => {
    const [first, ...retries] = consumers;
    expect(new Set(consumers.map(({ traceId }) => traceId)).size).toBe(3);
    for (const retry of retries) {
      expect(retry).toMatchObject({ name: "process RETRIES", parentSpanId: "" });
      expect(retry.links).toEqual([{ traceId: TRACE, spanId: first?.spanId }]);
    }
    const attempts = await Promise.all(retries.map(attemptIn));
    expect(attempts.map(({ attributes }) => attributes["ringback.attempt"])).toEqual([2, 3]);
    expect(attempts.map(({ status: code }) => code)).toEqual(["ERROR", "UNSET"]);
    expect(retries.at(-1)?.attributes["ringback.outcome"]).toBe("delivered");
  });

  test("is found from each of its lines in the log, and from the delay of its first attempt", async () => {
    const [dispatcher] = platform.dispatchers;
    const lines = dispatcher?.logs.filter(
      ({ msg, agent_id }) => msg === "delivery.attempted" && agent_id === "flaky",
    );
    expect(lines?.map(({ trace_id }) => trace_id)).toEqual(consumers.map(({ traceId }) => traceId));
    const page = await fetch(`${dispatcher?.adminUrl()}/metrics`, {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    expect(await page.text()).toMatch(
      new RegExp(
        `ringback_first_attempt_delay_seconds_bucket\\{le="\\S+"\\} 1 # \\{trace_id="${TRACE}"\\}`,
      ),
    );
  });

  test("tells the endpoint nothing of it", () => {
    for (const { rawHeaders } of receiver.requestsTo("/flaky")) {
      const names = rawHeaders.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase());
      expect(names.filter((name) => name.startsWith("trace"))).toEqual([]);
    }
  });
});

test("a delivery that is given up says so in its last trace", async () => {
  await subscribeTo("broken", "/broken");
  await publish("broken");
  const all = await collector.arrived(3, of("broken", "CONSUMER"), "all three attempts");
  expect(all.map(({ status: code }) => code)).toEqual(["UNSET", "UNSET", "ERROR"]);
  expect(all.at(-1)).toMatchObject({
    attributes: { "error.type": "exhausted", "ringback.attempt": 3 },
    events: [
      {
        name: "ringback.dead_lettered",
        attributes: { "ringback.dead_letter_reason": "exhausted" },
      },
    ],
  });
});

const isDeferred = (span: ExportedSpan): boolean =>
  of("limited", "CONSUMER")(span) && span.events.some(({ name }) => name === "ringback.deferred");

test("a delivery that is put off says so, and comes back in a trace that is linked", async () => {
  const limit = { rate_limit: { per_second: 0.5, burst: 1 } };
  const callback_url = receiver.url("/limited");
  await platform.subscribe([{ event_type: "call_completed", callback_url, delivery: limit }], {
    agentId: "limited",
  });
  for (const callId of ["limited-1", "limited-2"]) {
    await platform.publish({ agentId: "limited", callId });
  }
  const [deferred] = await collector.arrived(1, isDeferred, "the one put off");
  expect(deferred.name).toBe("process EVENTS");
  const reason = deferred.events[0]?.attributes["ringback.deferral_reason"];
  expect(reason).toBe("rate_limited");
  const isBack = ({ name, links }: ExportedSpan): boolean =>
    name === "process RETRIES" && links.some(({ spanId }) => spanId === deferred.spanId);
  const [back] = await collector.arrived(1, isBack, "its return");
  expect(back.traceId).not.toBe(deferred.traceId);
  expect(back.attributes).toMatchObject({ "ringback.attempt": 1 });
});

test("an event that cannot be understood is an error of its span, with the reason", async () => {
  const sent = natsHeaders();
  sent.set("traceparent", `00-${"f".repeat(32)}-${SPAN}-01`);
  const subject = "events.w1.broken-call.broken.call_completed";
  await platform.client.js.publish(subject, "no JSON", { headers: sent });
  const isIts = childOf({ traceId: "f".repeat(32), spanId: SPAN });
  const [span] = await collector.arrived(1, isIts, "the broken event");
  expect(span.status).toBe("ERROR");
  expect(span.attributes["error.type"]).toBe("invalid_event");
  expect(span.events.map(({ name }) => name)).toEqual(["ringback.dead_lettered"]);
});

test("a producer that writes its headers' names in another case is understood", async () => {
  await subscribeTo("other-case", "/");
  await publish("other-case", { Traceparent: `00-${"d".repeat(32)}-${SPAN}-01` });
  const [span] = await collector.arrived(1, of("other-case", "CONSUMER"), "the event");
  expect(span).toMatchObject({ traceId: "d".repeat(32), parentSpanId: SPAN });
});

test("a trace that its producer does not keep is not kept here, its retries included", async () => {
  await subscribeTo("unsampled", "/broken");
  const seq = await publish("unsampled", { traceparent: `00-${"e".repeat(32)}-${SPAN}-00` });
  const eventType = "call_completed" as const;
  const ids = { workspaceId: "w1", callId: "call-of-unsampled", agentId: "unsampled", eventType };
  await platform.attempted({ seq, address: ids }, 3);
  // What comes after it is there: so would be its own.
  await subscribeTo("after-unsampled", "/");
  await publish("after-unsampled");
  await collector.arrived(1, of("after-unsampled", "CONSUMER"), "the event after it");
  expect(collector.spans().filter(of("unsampled", "CONSUMER"))).toEqual([]);
  expect(collector.spans().filter(({ traceId }) => traceId === "e".repeat(32))).toEqual([]);
});

test.each([
  ["garbage", { traceparent: "00-zz-garbage-01" }],
  ["a version that is none", { traceparent: `ff-${TRACE}-${SPAN}-01` }],
  ["a text without end", { traceparent: "0".repeat(4_000) }],
  ["there twice", { traceparent: `00-${TRACE}-${SPAN}-01`, Traceparent: `00-${TRACE}-${SPAN}-01` }],
])("a producer's traceparent that is %s is as if there were none", async (what, headers) => {
  const agentId = what.replaceAll(" ", "-");
  await subscribeTo(agentId, "/");
  await publish(agentId, headers);
  const [span] = await collector.arrived(1, of(agentId, "CONSUMER"), "the event");
  expect(span.parentSpanId).toBe("");
  expect(span.traceId).not.toBe(TRACE);
  expect(span.attributes["ringback.outcome"]).toBe("delivered");
});

test("no URL's path or query, no header and no body is in any span", async () => {
  await subscribeTo("canary", `/${PATH}?key=${QUERY}`);
  await publish("canary", { "x-producer": HEADER });
  const [event] = await collector.arrived(1, of("canary", "CONSUMER"), "the event");
  await collector.arrived(1, childOf(event), "its attempt");
  const all = Buffer.concat(collector.requests.map(({ body }) => body)).toString("latin1");
  expect(all).toContain("call-of-canary");
  for (const secret of [QUERY, PATH, HEADER, BODY]) expect(all).not.toContain(secret);
});
