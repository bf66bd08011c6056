import { Buffer } from "node:buffer";
import type { EventType } from "@ringback/contracts/events/event-types";
import { AGENT_EVENT_TYPES } from "@ringback/contracts/agents/workspace-agent";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../services/dispatcher/package.json" with { type: "json" };
import { byPath, inTurn, status, type Script } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startReceiver,
  type ReceivedRequest,
  type Receiver,
} from "../harness/receiver/receiver.ts";
import { ended, newAgentId } from "./deliveries.ts";

failOnLeaks();

const METHODS = ["POST", "PUT", "PATCH"] as const;

/** Everything that parsing and writing again would change; the key order is not that of any schema. */
const rawBody = (type: EventType, callId: string): Buffer =>
  Buffer.from(
    `{ "z" : 1,\n\t"big":9007199254740993, "exp": 1e2, "tiny":1E-07,"neg":-0.0, "dec":1.10,\r\n` +
      `"escaped":"\\u0041\\u00e9\\/\\ud83d\\ude00\\u0000", "plain":"Aé/😀 日本語 नमस्ते",   "10":1,"9":2,\n` +
      `"call_id":"${callId}","event_type":"${type}", "constructor":{"a":[ ]},` +
      `"separators":"\u2028\u2029\u007f", "lone":"\\ud800" , "nested":{"b":{ },"a":null}}  \n`,
  );

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const scripts: Record<string, Script> = {};
  const twice = inTurn(status(500), status(503), status(200));
  for (const type of AGENT_EVENT_TYPES) scripts[`/retried/${type}`] = twice;
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "300ms,1s" } }),
    startReceiver(byPath(scripts)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** The values of a header as they were sent; more than one when it was sent twice. */
const sent = ({ rawHeaders }: ReceivedRequest, name: string): string[] =>
  rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === name);

describe.each(METHODS)("with %s", (method) => {
  const agentId = newAgentId();
  const pathOf = (type: EventType): string => `/${method}/${type}`;

  beforeAll(() =>
    platform.subscribe(
      AGENT_EVENT_TYPES.map((type) => ({
        event_type: type,
        callback_url: receiver.url(`${pathOf(type)}?for=${type}&a=%20b`),
        method_type: method,
        headers: { "X-For-Type": type, Authorization: `Bearer ${method}-${type}` },
      })),
      { agentId },
    ),
  );

  test.each(AGENT_EVENT_TYPES)("%s goes to its own URL with its own headers", async (type) => {
    const body = rawBody(type, `call-${method}`);
    await platform.publish({ agentId, callId: `call-${method}`, eventType: type, body });
    const [request] = (await receiver.received(1, { path: pathOf(type) })) as [ReceivedRequest];
    expect(request).toMatchObject({ method, path: `${pathOf(type)}?for=${type}&a=%20b` });
    expect(request.body.equals(body)).toBe(true);
    expect(sent(request, "x-for-type")).toEqual([type]);
    expect(sent(request, "authorization")).toEqual([`Bearer ${method}-${type}`]);
    expect(sent(request, "ringback-event-type")).toEqual([type]);
    expect(sent(request, "host")).toEqual([`127.0.0.1:${receiver.port}`]);
    expect(sent(request, "content-type")).toEqual(["application/json"]);
    expect(sent(request, "content-length")).toEqual([String(body.byteLength)]);
    expect(sent(request, "transfer-encoding")).toEqual([]);
    expect(sent(request, "expect")).toEqual([]);
    expect(sent(request, "accept-encoding")).toEqual(["identity"]);
    expect(sent(request, "user-agent")).toEqual([`Ringback/${manifest.version}`]);
  });

  test("nothing else was sent there", () => {
    for (const type of AGENT_EVENT_TYPES) expect(receiver.requestsTo(pathOf(type))).toHaveLength(1);
  });
});

test.concurrent.each(AGENT_EVENT_TYPES)(
  "%s is the same at every attempt, but for its number and time",
  async (type) => {
    const agentId = newAgentId();
    const path = `/retried/${type}`;
    await platform.subscribe([{ event_type: type, callback_url: receiver.url(path) }], { agentId });
    const body = rawBody(type, "call-retried");
    const event = await platform.publish({
      agentId,
      callId: "call-retried",
      eventType: type,
      body,
    });
    const records = await ended(platform, event);
    const requests = receiver.requestsTo(path);
    expect(requests.map((request) => sent(request, "ringback-attempt"))).toEqual([
      ["1"],
      ["2"],
      ["3"],
    ]);
    expect(records[0]?.event_id).toMatch(new RegExp(`^evt_[0-9a-z]+_${event.seq}$`));
    for (const [n, request] of requests.entries()) {
      expect(request.body.equals(body)).toBe(true);
      expect(sent(request, "webhook-id")).toEqual([records[0]?.event_id]);
      const [seconds = ""] = sent(request, "webhook-timestamp");
      expect(Number(seconds)).toBe(Math.floor(Date.parse(records[n]?.at ?? "") / 1_000));
      expect(Math.abs(Number(seconds) * 1_000 - request.atMs)).toBeLessThan(2_000);
    }
  },
);

test.each(["Content-Type", "content-type"])(
  "a customer's own %s is kept, and the only one",
  async (name) => {
    const agentId = newAgentId();
    const headers = { [name]: "application/json; charset=utf-8" };
    const path = `/content-type/${name}`;
    const subscription = {
      event_type: "call_completed",
      callback_url: receiver.url(path),
    } as const;
    await platform.subscribe([{ ...subscription, headers }], { agentId });
    await platform.publish({ agentId, callId: `call-${name}` });
    const [request] = (await receiver.received(1, { path })) as [ReceivedRequest];
    expect(sent(request, "content-type")).toEqual(["application/json; charset=utf-8"]);
  },
);

test("an event of 1,000,000 bytes arrives whole", async () => {
  const agentId = newAgentId();
  const subscription = {
    event_type: "call_completed",
    callback_url: receiver.url("/large"),
  } as const;
  await platform.subscribe([subscription], { agentId });
  const head = '{"call_id":"large","event_type":"call_completed","filler":"';
  const body = Buffer.from(`${head}${"é".repeat((1_000_000 - head.length - 2) / 2)}"}`);
  await platform.publish({ agentId, callId: "large", body });
  const [request] = (await receiver.received(1, { path: "/large" })) as [ReceivedRequest];
  expect(request.body.equals(body)).toBe(true);
});
