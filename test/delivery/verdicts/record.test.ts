import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, inTurn, status } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { ended, newAgentId, type PublishedEvent } from "../deliveries.ts";
import { unusedPort } from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const SECRETS = ["query-s3cret", "header-s3cret", "bearer-s3cret", "body-s3cret", "cookie-s3cret"];

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const headers = { "content-type": "text/plain", "retry-after": "7", "set-cookie": SECRETS[4] };
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: { RETRY_DELAYS: "300ms", DELIVERY_TIMEOUT: "1s", LOG_LEVEL: "trace" },
    }),
    startReceiver(
      byPath({
        "/hook": inTurn(status(503, { headers, body: "come back later" }), status(200)),
        "/hang": { kind: "hang" },
        "/garbage": { kind: "garbage" },
      }),
    ),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const publishWithSecrets = async (base: string): Promise<PublishedEvent> => {
  const agentId = newAgentId();
  const subscription = {
    event_type: "recording_completed" as const,
    callback_url: `${base}?token=query-s3cret`,
    method_type: "PUT" as const,
    headers: { "X-Api-Token": "header-s3cret", Authorization: "Bearer bearer-s3cret" },
  };
  await platform.subscribe([subscription], { agentId });
  return platform.publish({
    agentId,
    callId: `call-of-${agentId}`,
    eventType: "recording_completed",
    body: {
      event_type: "recording_completed",
      call_id: `call-of-${agentId}`,
      recording_url: "https://recordings.example/1?signature=body-s3cret",
    },
  });
};

test("an attempt is recorded with what was asked, what came back and what is next", async () => {
  const startedMs = Date.now();
  const event = await publishWithSecrets(receiver.url("/hook"));
  const [first, second] = await ended(platform, event);
  const { agentId, callId } = event.address;
  const ids = {
    event_id: expect.stringMatching(/^evt_[0-9a-z]+_\d+$/) as unknown,
    event_seq: event.seq,
    event_type: "recording_completed",
    call_id: callId,
    agent_id: agentId,
    workspace_id: "w1",
  };
  const request = { method: "PUT", url: receiver.url("/hook") };
  expect(first).toEqual({
    ...ids,
    attempt: 1,
    trigger: "event",
    at: expect.any(String) as unknown,
    duration_ms: expect.any(Number) as unknown,
    request,
    outcome: { kind: "failed", reason: "status", status_code: 503 },
    response: {
      headers: { "content-type": "text/plain", "retry-after": "7" },
      body_excerpt: "come back later",
    },
    next: {
      kind: "retry",
      at: expect.any(String) as unknown,
      attempts_left: expect.any(Number) as unknown,
    },
  });
  expect(second).toMatchObject({
    ...ids,
    attempt: 2,
    trigger: "retry",
    request,
    outcome: { kind: "delivered", status_code: 200 },
    next: { kind: "done" },
  });
  expect(second?.event_id).toBe(first?.event_id);
  expect(Date.parse(first?.at ?? "")).toBeGreaterThanOrEqual(startedMs);
  const dueMs = first?.next.kind === "retry" ? Date.parse(first.next.at) : 0;
  expect(dueMs).toBeGreaterThanOrEqual(Date.parse(first?.at ?? "") + 300);
  expect(Date.parse(second?.at ?? "")).toBeGreaterThanOrEqual(dueMs);
});

test("every attempt is one log line with its ids, outcome, duration and next step", async () => {
  const event = await publishWithSecrets(receiver.url("/garbage"));
  const records = await ended(platform, event);
  const isItsLine = (line: Record<string, unknown>): boolean =>
    line["msg"] === "delivery.attempted" && line["event_seq"] === event.seq;
  const [dispatcher] = platform.dispatchers;
  await dispatcher!.waitForLog((line) => isItsLine(line) && line["attempt"] === 2);
  const lines = dispatcher!.logs.filter(isItsLine);
  expect(lines).toHaveLength(2);
  for (const [
    n,
    { request: _request, response: _response, at: _at, ...said },
  ] of records.entries()) {
    expect(lines[n]).toMatchObject(said);
  }
});

test("no record, dead letter, retry or log line holds a customer's header, query or body", async () => {
  const events = await Promise.all([
    publishWithSecrets(receiver.url("/ok")),
    publishWithSecrets(receiver.url("/hang")),
    publishWithSecrets(`http://127.0.0.1:${await unusedPort()}/refused`),
    publishWithSecrets("http://nonexistent.invalid/name"),
    publishWithSecrets(receiver.url("/tls").replace("http:", "https:")),
  ]);
  for (const event of events) await ended(platform, event);
  expect(receiver.requestsTo("/ok?token=query-s3cret")).toHaveLength(1);
  const kept = await everythingOn(["ATTEMPTS", "DEAD_LETTERS", "RETRIES"]);
  expect(kept).toContain("nonexistent.invalid");
  expect(platform.dispatchers[0]!.output.all()).toContain("delivery.attempted");
  for (const secret of SECRETS) {
    expect(kept).not.toContain(secret);
    expect(platform.dispatchers[0]!.output.all()).not.toContain(secret);
  }
});

/** Bodies and headers of all messages that are there. */
async function everythingOn(streams: readonly string[]): Promise<string> {
  const { jsm } = platform.client;
  const texts: string[] = [];
  for (const stream of streams) {
    const { state } = await jsm.streams.info(stream);
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage(stream, { seq });
      if (message === null) continue;
      const headers = [...message.header].flat(2).join(" ");
      texts.push(headers, Buffer.from(message.data).toString("utf8"));
    }
  }
  return texts.join("\n");
}
