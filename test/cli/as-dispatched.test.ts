import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { OK, startTcpEndpoint, type Endpoint } from "../harness/receiver/failing-endpoints.ts";
import { ringback, startRingback } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;
let endpoint: Endpoint;
/** The bytes of each connection. */
const captured: string[] = [];

beforeAll(async () => {
  [platform, endpoint] = await Promise.all([
    startPlatform(),
    startTcpEndpoint((socket, nth) => {
      socket.on("data", (chunk: Buffer) => {
        captured[nth - 1] = (captured[nth - 1] ?? "") + chunk.toString("latin1");
        if (isWhole(captured[nth - 1] ?? "")) socket.end(OK);
      });
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), endpoint.stop()]);
});

const isWhole = (text: string): boolean => {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  return length !== undefined && rest.join("\r\n\r\n").length === Number(length);
};

const env = () => ({
  RINGBACK_API_URL: platform.subscriptions.httpUrl(),
  RINGBACK_API_KEY: platform.apiKeys[0] ?? "",
});

/** Equal but for the second in which they were made. */
const timeless = (request: string): string =>
  request
    .replace(/(?<=\r\nwebhook-timestamp: )\d{10}(?=\r\n)/, "<seconds>")
    .replace(/(?<=\r\nwebhook-signature: v1,)[A-Za-z0-9+/]{43}=(?=\r\n)/, "<signature>");

/** What a dispatcher and `listen` send to the same URL for the same event. */
const both = async (act: () => Promise<unknown>): Promise<string[]> => {
  captured.length = 0;
  const before = endpoint.connections;
  await act();
  return eventually(() => {
    const whole = captured.slice(before).filter((text) => isWhole(text ?? ""));
    if (whole.length < 2) throw new Error(`${whole.length} requests`);
    return whole;
  });
};

test("listen sends the bytes that the dispatcher sends: method, headers in their order, nothing of its own", async () => {
  const url = endpoint.url("/hook/a%20b?tenant=7&q=%E2%82%AC");
  await platform.subscribe([
    {
      event_type: "call_completed",
      callback_url: url,
      method_type: "PUT",
      headers: { Authorization: "Bearer crm-token", "X-Zebra": "1", "x-apple": "a  b" },
    },
    {
      event_type: "recording_completed",
      callback_url: url,
      headers: { "Content-Type": "application/json; charset=utf-8" },
    },
  ]);
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const rotated = await ringback(["rotate", "a1", "--secret-stdin"], env(), { stdin: secret });
  expect(rotated.code).toBe(0);
  const run = startRingback(["listen", url, "--secret", secret], env());
  await run.prints("Listening: ");

  const body =
    '{ "call_id": "c1", "event_type":"call_completed",\n "n": 9007199254740993, "s": "é" }';
  const [one, other] = await both(() => platform.publish({ callId: "c1", body }));
  expect(timeless(one ?? "")).toBe(timeless(other ?? ""));
  expect(timeless(one ?? "").split("\r\n")).toEqual([
    "PUT /hook/a%20b?tenant=7&q=%E2%82%AC HTTP/1.1",
    `host: 127.0.0.1:${endpoint.port}`,
    "connection: keep-alive",
    "content-type: application/json",
    "Authorization: Bearer crm-token",
    "X-Zebra: 1",
    "x-apple: a  b",
    expect.stringMatching(/^webhook-id: evt_\S+$/),
    "webhook-timestamp: <seconds>",
    "webhook-signature: v1,<signature>",
    "ringback-event-type: call_completed",
    "ringback-attempt: 1",
    expect.stringMatching(/^user-agent: Ringback\/\d+\.\d+\.\d+$/),
    "accept-encoding: identity",
    `content-length: ${Buffer.byteLength(body)}`,
    "",
    Buffer.from(body).toString("latin1"),
  ]);

  const [another, same] = await both(() =>
    platform.publish({ callId: "c2", eventType: "recording_completed" }),
  );
  expect(another).toContain("\r\nContent-Type: application/json; charset=utf-8\r\n");
  expect(timeless(another ?? "")).toBe(timeless(same ?? ""));

  const [sample, heard] = await both(() =>
    ringback(["trigger", "call_completed", "--agent", "a1"], env()),
  );
  expect(sample).toContain("\r\nringback-test: true\r\n");
  expect(timeless(sample ?? "")).toBe(timeless(heard ?? ""));
  await run.interrupt();
});
