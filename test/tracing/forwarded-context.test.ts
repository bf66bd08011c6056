import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startReceiver,
  type ReceivedRequest,
  type Receiver,
} from "../harness/receiver/receiver.ts";
import { startCollector, tracingTo, type Collector } from "./collector.ts";

failOnLeaks();

let collector: Collector;
let receiver: Receiver;
let platform: Platform;

beforeAll(async () => {
  [collector, receiver] = await Promise.all([startCollector(), startReceiver()]);
  platform = await startPlatform({
    dispatcherEnv: {
      ...tracingTo(collector),
      FORWARD_TRACE_CONTEXT: "true",
      OTEL_SERVICE_NAME: "deliveries-of-acme",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=not-this-one",
    },
  });
});

afterAll(() => Promise.all([platform.stop(), receiver.stop(), collector.stop()]));

/** The one request of an event that an agent with these headers gets. */
const requestWith = async (
  agentId: string,
  headers: Record<string, string>,
): Promise<ReceivedRequest> => {
  const path = `/${agentId}`;
  const callback_url = receiver.url(path);
  await platform.subscribe([{ event_type: "call_completed", callback_url, headers }], { agentId });
  await platform.publish({ agentId, callId: agentId });
  const [request] = (await receiver.received(1, { path })) as [ReceivedRequest];
  return request;
};

/** The trace headers of a request, as they were sent. */
const traceHeadersOf = ({ rawHeaders }: ReceivedRequest): string[] =>
  rawHeaders.flatMap((name, n) =>
    n % 2 === 0 && /^trace/i.test(name) ? [`${name}: ${rawHeaders[n + 1]}`] : [],
  );

test("with FORWARD_TRACE_CONTEXT=true an endpoint gets the attempt's place in the trace, and no tracestate", async () => {
  const request = await requestWith("plain", {});
  const [attempt] = await collector.arrived(1, ({ kind }) => kind === "CLIENT", "the attempt");
  expect(traceHeadersOf(request)).toEqual([
    `traceparent: 00-${attempt.traceId}-${attempt.spanId}-01`,
  ]);
});

test("a customer's own trace header goes before ours", async () => {
  const own = { Traceparent: "what-the-customer-wants" };
  expect(traceHeadersOf(await requestWith("own-parent", own))).toEqual([
    "Traceparent: what-the-customer-wants",
  ]);
  expect(traceHeadersOf(await requestWith("own-state", { tracestate: "a=1" }))).toEqual([
    "tracestate: a=1",
  ]);
});

test("the name of the service and other attributes of the resource are those of the environment", () => {
  expect(collector.spans()[0]?.resource).toMatchObject({
    "service.name": "deliveries-of-acme",
    "deployment.environment.name": "test",
  });
});
