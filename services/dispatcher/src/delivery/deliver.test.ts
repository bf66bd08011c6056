import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { subscriptionDestination } from "@ringback/contracts/endpoints/destination";
import { parseSuccessStatus } from "@ringback/contracts/agents/success-status";
import { keyRing } from "@ringback/runtime/secrets/sealing";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { status } from "../../../../test/harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startReceiver, type Receiver } from "../../../../test/harness/receiver/receiver.ts";
import type { SendResult } from "../send/result.ts";
import { destinationOf } from "./decide/request.ts";
import { deliver, type DeliverDeps } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";
import { createLimiter } from "../limits/limiter.ts";
import { heldBody } from "./held-body.ts";
import { networkOutageDetector } from "../send/network-outage.ts";
import { createSender, type Sender } from "../send/send.ts";

failOnLeaks();

const SUCCESS = { destination: "success", origin: "success" } as const;

const NOW_MS = Date.parse("2026-01-01T00:00:10.000Z");
const now = (): number => NOW_MS;

const BODY = Buffer.from('{ "event_type":"call_completed", "call_id":"c1" }');

const DELIVERY: Delivery = {
  address: { workspaceId: "w1", callId: "c1", agentId: "a1", eventType: "call_completed" },
  eventSeq: 7,
  eventId: "evt_t85s00_7",
  deliveryId: "7",
  storedAtMs: NOW_MS - 100,
  body: heldBody(BODY, async () => BODY),
  attempt: 1,
  trigger: "event",
  dueMs: undefined,
  deferrals: 0,
};
const RETRY: Delivery = { ...DELIVERY, attempt: 2, trigger: "retry", dueMs: NOW_MS - 5 };

const RECORDED = {
  event_id: "evt_t85s00_7",
  event_seq: 7,
  event_type: "call_completed",
  call_id: "c1",
  agent_id: "a1",
  workspace_id: "w1",
  at: "2026-01-01T00:00:10.000Z",
};

let receiver: Receiver;
let sender: Sender;
beforeAll(async () => {
  receiver = await startReceiver();
  sender = createSender({
    maxConnectionsPerOrigin: 4,
    allowedPrivateCidrs: ["127.0.0.0/8"],
  });
});
afterAll(async () => {
  await sender.close();
  await receiver.stop();
});

const subscription = (callback_url: string): Subscription => ({
  event_type: "call_completed",
  callback_url,
  headers: { "x-tenant": "t1" },
  method_type: "PUT",
});

const found = (stored: Subscription) => subscriptionDestination(DELIVERY.address, stored);

/** All parts are real; time stands still, randomness is fixed. */
const depsFor = (more: Partial<DeliverDeps> = {}): DeliverDeps => ({
  find: async () => found(subscription(receiver.url("/hook?token=s3cret"))),
  sealer: keyRing([]),
  urlPolicy: { allowInsecureHttp: true, allowedPrivateCidrs: ["127.0.0.0/8"], allowedPorts: [] },
  ordering: { check: async () => ({ kind: "go" }) },
  send: sender.send,
  limiter: createLimiter({ maxInFlight: 4, destinationMaxInFlight: 2 }, now),
  detectNetworkOutage: networkOutageDetector(now),
  operatorsPolicy: {
    timeoutMs: 5_000,
    retry: { delaysMs: [10_000, 60_000], jitter: 0.1 },
    isSuccess: parseSuccessStatus("200") ?? (() => false),
    retryAfter: "honour",
  },
  dispatchers: () => 2,
  userAgent: "Ringback/1.2.3",
  now,
  random: () => 0.5,
  onStart: () => {},
  ...more,
});

const nobody = async (): Promise<undefined> => undefined;

const failing = async (): Promise<never> => {
  throw new Error("a bug");
};

const throwing = (): never => {
  throw new Error("a bug");
};

const notOwned = async (): Promise<boolean> => false;

/** A sender that has this result, for what no network on loopback can do. */
const resulting = (result: SendResult): DeliverDeps["send"] => {
  return async () => ({ result, released: Promise.resolve() });
};

describe("an attempt", () => {
  test("that is accepted is recorded as delivered and done, without the URL's query", async () => {
    receiver.setScript(status(200, { body: "thanks" }));
    const result = await deliver(DELIVERY, depsFor());
    expect(result).toEqual({
      kind: "attempted",
      record: {
        ...RECORDED,
        attempt: 1,
        trigger: "event",
        duration_ms: expect.any(Number),
        request: { method: "PUT", url: receiver.url("/hook") },
        outcome: { kind: "delivered", status_code: 200 },
        response: { headers: expect.any(Object), body_excerpt: "thanks" },
        next: { kind: "done" },
      },
    });
    const request = receiver.requests.at(-1);
    expect(request?.body).toEqual(BODY);
    expect(request?.headers).toMatchObject({
      "x-tenant": "t1",
      "webhook-id": "evt_t85s00_7",
      "webhook-timestamp": String(NOW_MS / 1_000),
      "ringback-attempt": "1",
    });
  });

  test("that is refused is tried again, later than its delay by the jitter's share", async () => {
    receiver.setScript(status(503, { body: "no" }));
    const result = await deliver(DELIVERY, depsFor());
    expect(result).toMatchObject({
      record: {
        outcome: { kind: "failed", reason: "status", status_code: 503 },
        response: { body_excerpt: "no" },
        next: { kind: "retry", at: "2026-01-01T00:00:20.500Z" },
      },
    });
  });

  test("that is refused after the last delay becomes a dead letter", async () => {
    receiver.setScript(status(503));
    const result = await deliver({ ...RETRY, attempt: 3 }, depsFor());
    expect(result).toMatchObject({
      record: { attempt: 3, trigger: "retry", next: { kind: "dead_letter" } },
    });
  });

  test("that is answered with Retry-After is tried again no sooner, where that is honoured", async () => {
    receiver.setScript(status(503, { headers: { "retry-after": "60" } }));
    const at = async (more: Partial<Subscription>): Promise<string | undefined> => {
      const find = async () => found({ ...subscription(receiver.url("/hook")), ...more });
      const result = await deliver(DELIVERY, depsFor({ find }));
      const next = result.kind === "attempted" ? result.record.next : undefined;
      return next?.kind === "retry" ? next.at : undefined;
    };
    expect(await at({})).toBe("2026-01-01T00:01:13.000Z");
    expect(await at({ delivery: { retry_after: "ignore" } })).toBe("2026-01-01T00:00:20.500Z");
    expect(await at({ delivery: { retry_delays: ["2m"] } })).toBe("2026-01-01T00:02:16.000Z");
  });

  test("that has no answer is recorded with the reason and without a response", async () => {
    const failure = { reason: "tls", detail: "CERT_HAS_EXPIRED", unreachable: false } as const;
    const send = resulting({ kind: "no_response", ...failure, durationMs: 12 });
    const result = await deliver(RETRY, depsFor({ send }));
    expect(result).toEqual({
      kind: "attempted",
      record: {
        ...RECORDED,
        attempt: 2,
        trigger: "retry",
        duration_ms: 12,
        request: { method: "PUT", url: receiver.url("/hook") },
        outcome: { kind: "failed", reason: "tls", detail: "CERT_HAS_EXPIRED" },
        next: { kind: "retry", at: "2026-01-01T00:01:13.000Z", attempts_left: 1 },
      },
    });
  });

  test("is told when it begins, once, and not when nothing is sent", async () => {
    receiver.setScript(status(200));
    const started: [number, number][] = [];
    const onStart = ({ attempt }: Delivery, atMs: number): void => {
      started.push([attempt, atMs]);
    };
    await deliver(RETRY, depsFor({ onStart }));
    await deliver(RETRY, depsFor({ onStart, find: nobody }));
    expect(started).toEqual([[2, NOW_MS]]);
  });
});

test("a URL that may no longer be sent to is refused before a connection, and tried again", async () => {
  const before = receiver.connections;
  const urlPolicy = {
    allowInsecureHttp: false,
    allowedPrivateCidrs: ["127.0.0.0/8"],
    allowedPorts: [],
  };
  expect(await deliver(DELIVERY, depsFor({ urlPolicy }))).toMatchObject({
    kind: "attempted",
    record: {
      request: { method: "PUT", url: receiver.url("/hook") },
      outcome: {
        kind: "failed",
        reason: "blocked_address",
        detail: "the callback URL must begin with https:// (http is switched off here)",
      },
      next: { kind: "retry", at: "2026-01-01T00:00:20.500Z" },
    },
  });
  expect(receiver.connections).toBe(before);
});

describe("headers that may no longer be sent", () => {
  test.each([
    ["x-forwarded-for", "s3cret", "header 'x-forwarded-for' is set by the platform"],
    ["Host", "s3cret", "header 'Host' is set by the platform"],
    ["x-new\r\nhost", "s3cret", "header 'x-new"],
    ["x-tenant", "s3cret\r\nhost: inside", "header 'x-tenant' must be visible ASCII"],
    ["content-type", "text/s3cret", "header 'content-type' must be application/json"],
    [`x-${"n".repeat(500)}`, "s3cret", `header 'x-${"n".repeat(126)}' is not a header name`],
  ])("fail the attempt, unsent: %j", async (name, value, expected) => {
    const before = receiver.connections;
    const stored = { ...subscription(receiver.url("/hook")), headers: { [name]: value } };
    const result = await deliver(DELIVERY, depsFor({ find: async () => found(stored) }));
    expect(result).toMatchObject({
      kind: "attempted",
      record: {
        request: { method: "PUT", url: receiver.url("/hook") },
        outcome: { kind: "failed", reason: "protocol", detail: expect.stringContaining(expected) },
        next: { kind: "retry", at: "2026-01-01T00:00:20.500Z" },
      },
    });
    expect(JSON.stringify(result)).not.toContain("s3cret");
    expect(receiver.connections).toBe(before);
  });

  test("that are too many fail it as well", async () => {
    const entries = Array.from({ length: 21 }, (_, n) => [`x-${n}`, "v"] as const);
    const stored = { ...subscription(receiver.url("/")), headers: Object.fromEntries(entries) };
    const result = await deliver(DELIVERY, depsFor({ find: async () => found(stored) }));
    const detail = "the subscription's headers: 21 headers: at most 20";
    expect(result).toMatchObject({ record: { outcome: { reason: "protocol", detail } } });
  });
});

describe("without a subscription", () => {
  test("a new event is owed to nobody, and nothing is sent", async () => {
    const before = receiver.requests.length;
    expect(await deliver(DELIVERY, depsFor({ find: nobody }))).toEqual({ kind: "no_subscription" });
    expect(receiver.requests).toHaveLength(before);
  });

  test.each([
    ["a retry", RETRY],
    ["a first attempt that was deferred", { ...DELIVERY, dueMs: NOW_MS, deferrals: 1 }],
  ])("%s ends as cancelled, and nothing is sent", async (_what, delivery) => {
    const before = receiver.requests.length;
    const { attempt, trigger } = delivery;
    expect(await deliver(delivery, depsFor({ find: nobody }))).toEqual({
      kind: "attempted",
      record: {
        ...RECORDED,
        attempt,
        trigger,
        duration_ms: 0,
        outcome: { kind: "cancelled" },
        next: { kind: "done" },
      },
    });
    expect(receiver.requests).toHaveLength(before);
  });
});

describe("a platform fault", () => {
  test("holds the delivery back with the same attempt, longer each time", async () => {
    const send = resulting({ kind: "platform_fault", fault: "resources", detail: "EMFILE" });
    const held = { kind: "postponed", fault: "resources", detail: "EMFILE" };
    expect(await deliver(DELIVERY, depsFor({ send }))).toEqual({ ...held, atMs: NOW_MS + 5_000 });
    expect(await deliver({ ...RETRY, deferrals: 2 }, depsFor({ send }))).toEqual({
      ...held,
      atMs: NOW_MS + 20_000,
    });
  });

  test("is what it is when no endpoint at all can be reached; before, each one's own", async () => {
    const failure = { reason: "dns", detail: "EAI_AGAIN", unreachable: true } as const;
    const send = resulting({ kind: "no_response", ...failure, durationMs: 1 });
    const deps = depsFor({ send });
    const kinds: string[] = [];
    for (let n = 1; n <= 9; n += 1) {
      const find = async () => found(subscription(`https://${n}.example.com/`));
      kinds.push((await deliver(DELIVERY, { ...deps, find })).kind);
    }
    const held = ["postponed", "postponed"];
    expect(kinds).toEqual([...Array.from({ length: 7 }, () => "attempted"), ...held]);
  });
});

const signedBy = (...signing: SigningKey[]): DeliverDeps["find"] => {
  return async () => found({ ...subscription(receiver.url("/hook")), signing });
};

describe("signatures", () => {
  const created = { id: "k1", created_at: "2026-01-01T00:00:00.000Z" };
  const secret = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
  const key: SigningKey = { ...created, scheme: "v1", secret };
  test("go with the request of a subscription that has a secret", async () => {
    receiver.setScript(status(200, { body: `signed with ${secret}?` }));
    const result = await deliver(DELIVERY, depsFor({ find: signedBy(key) }));
    const signed = `evt_t85s00_7.${NOW_MS / 1_000}.${BODY.toString()}`;
    const hash = createHmac("sha256", Buffer.alloc(24, 1)).update(signed).digest("base64");
    expect(receiver.requests.at(-1)?.headers["webhook-signature"]).toBe(`v1,${hash}`);
    expect(result).toMatchObject({
      record: { response: { body_excerpt: "signed with <redacted>?" } },
    });
    await deliver(DELIVERY, depsFor());
    expect(receiver.requests.at(-1)?.headers).not.toHaveProperty("webhook-signature");
  });

  test("with a secret that cannot be opened hold the delivery back, unsent", async () => {
    const before = receiver.connections;
    const find = signedBy({
      ...key,
      secret: "enc:v1:gone:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    });
    expect(await deliver(DELIVERY, depsFor({ find }))).toEqual({
      kind: "postponed",
      fault: "secret",
      atMs: NOW_MS + 5_000,
      detail: "signing secret 'k1': needs the key 'gone', which is not there",
    });
    expect(receiver.connections).toBe(before);
  });

  test("need no secret that has expired, whether it opens or not", async () => {
    receiver.setScript(status(200));
    const gone = "enc:v1:gone:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const expired = { ...key, id: "k0", secret: gone, expires_at: new Date(NOW_MS).toISOString() };
    expect(await deliver(DELIVERY, depsFor({ find: signedBy(key, expired) }))).toMatchObject({
      record: { outcome: { kind: "delivered" } },
    });
    expect(receiver.requests.at(-1)?.headers["webhook-signature"]).toMatch(/^v1,\S+$/);
  });

  test("that cannot be made, by a bug, release the permit", async () => {
    const deps = depsFor({ find: signedBy({ ...key, secret: "whsec_" }) });
    await expect(deliver(DELIVERY, deps)).rejects.toThrow("the signing secret 'k1' must be");
    expect(deps.limiter.inFlight()).toBe(0);
  });
});

describe("the permit", () => {
  test("is requested with this process's share of the subscription's limits, where it has any", async () => {
    receiver.setScript(status(200));
    const told: unknown[] = [];
    const real = createLimiter({ maxInFlight: 4, destinationMaxInFlight: 2 }, now);
    const acquire: typeof real.acquire = (request) => {
      told.push(request.limits);
      return real.acquire(request);
    };
    const delivery = { max_in_flight: 8, rate_limit: { per_second: 5, burst: 10 } };
    const limited = { ...subscription(receiver.url("/hook")), delivery };
    await deliver(
      DELIVERY,
      depsFor({ limiter: { ...real, acquire }, find: async () => found(limited) }),
    );
    await deliver(DELIVERY, depsFor({ limiter: { ...real, acquire } }));
    const rateLimit = { perSecond: 2.5, burst: 5 };
    const shared = { key: "w1 a1 call_completed", maxInFlight: 4, rateLimit };
    expect(told).toEqual([shared, undefined]);
  });

  test("is released once the request holds no socket any more, and not before", async () => {
    const released = Promise.withResolvers<void>();
    const result = { kind: "platform_fault", fault: "unexpected", detail: "x" } as const;
    const deps = depsFor({ send: async () => ({ result, released: released.promise }) });
    await deliver(DELIVERY, deps);
    expect(deps.limiter.inFlight()).toBe(1);
    released.resolve();
    await expect.poll(() => deps.limiter.inFlight()).toBe(0);
  });

  test("is released when sending fails in a way that it never should", async () => {
    const deps = depsFor({ send: failing });
    await expect(deliver(DELIVERY, deps)).rejects.toThrow("a bug");
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("is missing when the endpoint is slow and busy: the delivery is deferred, and nothing is sent", async () => {
    let monotonicMs = 1_000;
    const limiter = createLimiter({ maxInFlight: 4, destinationMaxInFlight: 1 }, () => monotonicMs);
    const to = destinationOf(receiver.url("/hook"));
    const request = { workspaceId: "w1", ...to, deferrals: 0, timeoutMs: 60_000, bytes: 2 };
    const first = await limiter.acquire(request);
    monotonicMs += 60_000; // it is slow
    if (first.kind === "granted") first.release(SUCCESS);
    await limiter.acquire(request);
    expect(limiter.inFlight()).toBe(1);
    const before = receiver.requests.length;
    const result = await deliver(DELIVERY, depsFor({ limiter }));
    expect(result).toEqual({ kind: "deferred", atMs: NOW_MS + 5_000, reason: "endpoint_busy" });
    expect(receiver.requests).toHaveLength(before);
  });

  test("of one workspace does not hold up the deliveries of another", async () => {
    receiver.setScript(status(200));
    const limiter = createLimiter({ maxInFlight: 4, destinationMaxInFlight: 1 }, now);
    const to = destinationOf(receiver.url("/hook"));
    await limiter.acquire({ workspaceId: "w2", ...to, deferrals: 0, timeoutMs: 5_000, bytes: 2 });
    expect(limiter.inFlight()).toBe(1);
    expect((await deliver(DELIVERY, depsFor({ limiter }))).kind).toBe("attempted");
  });

  test("is not granted by a closed limiter: nothing begins", async () => {
    const deps = depsFor();
    deps.limiter.close();
    const before = receiver.requests.length;
    expect(await deliver(DELIVERY, deps)).toEqual({ kind: "closed" });
    expect(receiver.requests).toHaveLength(before);
  });
});

describe("an attempt that is traced", () => {
  const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true };

  test("says what it belongs to when it begins, and what it came to when it ends", async () => {
    receiver.setScript(status(200));
    const told: unknown[] = [];
    const traceAttempt: DeliverDeps["traceAttempt"] = ({ attempt }, { method_type }, parent) => {
      told.push([attempt, method_type, parent]);
      return { headers: {}, end: (result) => told.push(result) };
    };
    const result = await deliver(DELIVERY, depsFor({ traceAttempt }), { parent: trace });
    expect(result.kind).toBe("attempted");
    expect(told).toEqual([[1, "PUT", trace], result]);
  });

  test("ends in its trace when our own code throws", async () => {
    const ends: unknown[] = [];
    const traceAttempt: DeliverDeps["traceAttempt"] = () => ({
      headers: {},
      end: (result) => ends.push(result),
    });
    const deps = depsFor({ traceAttempt, send: failing });
    await expect(deliver(DELIVERY, deps, { parent: trace })).rejects.toThrow("a bug");
    expect(ends).toEqual([undefined]);
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("is none while nothing is sent", async () => {
    const begun: unknown[] = [];
    const traceAttempt: DeliverDeps["traceAttempt"] = (delivery) => {
      begun.push(delivery);
      return { headers: {}, end: () => {} };
    };
    await deliver(RETRY, depsFor({ traceAttempt, find: nobody }), { parent: trace });
    const urlPolicy = { allowInsecureHttp: false, allowedPrivateCidrs: [], allowedPorts: [] };
    await deliver(DELIVERY, depsFor({ traceAttempt, urlPolicy }), { parent: trace });
    expect(begun).toEqual([]);
  });
});

describe("between its permit and its request, an attempt", () => {
  test.each([
    ["the metrics throw", { onStart: throwing }],
    ["its trace throws", { traceAttempt: throwing }],
    ["the clock throws", { now: throwing }],
  ] as const)("releases its permit when %s", async (_what, more) => {
    const deps = depsFor(more);
    await expect(deliver(DELIVERY, deps)).rejects.toThrow("a bug");
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("releases its permit when its ownership cannot be checked", async () => {
    const deps = depsFor();
    await expect(deliver(DELIVERY, deps, { stillOwned: failing })).rejects.toThrow("a bug");
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("is not made, and its permit released, when another process may have the message", async () => {
    const deps = depsFor();
    const before = receiver.requests.length;
    expect(await deliver(DELIVERY, deps, { stillOwned: notOwned })).toEqual({ kind: "not_owned" });
    expect(receiver.requests).toHaveLength(before);
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("says when it was known last that the message is its own, before anything else is done", async () => {
    const checked: (number | undefined)[] = [];
    const send: DeliverDeps["send"] = (request) => {
      checked.push(request.checkedMs);
      return sender.send(request);
    };
    let startedMs = 0;
    const onStart = (): void => {
      startedMs = elapsedMs();
    };
    receiver.setScript(status(200));
    await deliver(DELIVERY, depsFor({ send, onStart }));
    expect(checked[0]).toBeGreaterThan(0);
    expect(checked[0]).toBeLessThanOrEqual(startedMs);
  });

  test("is not made when the process stood still while the subscription was confirmed", async () => {
    const asked: string[] = [];
    const find = async () => {
      asked.push("find");
      return found(subscription(receiver.url("/asleep")));
    };
    const deps = depsFor({ find });
    const stillOwned = async (): Promise<boolean> => asked.length < 2;
    expect(await deliver(DELIVERY, deps, { stillOwned })).toEqual({ kind: "not_owned" });
    expect(receiver.requestsTo("/asleep")).toEqual([]);
    expect(deps.limiter.inFlight()).toBe(0);
  });

  test("goes where the subscription leads now, when that was changed while it waited", async () => {
    receiver.setScript(status(200));
    const [before, after] = [
      found(subscription(receiver.url("/before"))),
      found(subscription(receiver.url("/after"))),
    ];
    let isChanged = false;
    const deps = depsFor({ find: async () => (isChanged ? after : before) });
    const stillOwned = async (): Promise<boolean> => {
      isChanged = true;
      return true;
    };
    const result = await deliver(DELIVERY, deps, { stillOwned });
    expect(result).toMatchObject({ record: { request: { url: receiver.url("/after") } } });
    expect(receiver.requestsTo("/before")).toEqual([]);
  });
});

describe("by request", () => {
  const AGAIN: Delivery = { ...DELIVERY, deliveryId: "7-r1", trigger: "redelivery", dueMs: NOW_MS };

  test("a redelivery is the same request, and its record names the delivery and its job", async () => {
    const result = await deliver({ ...AGAIN, redeliveryId: "r1" }, depsFor());
    const record = { ...RECORDED, delivery_id: "7-r1", redelivery_id: "r1", attempt: 1 };
    expect(result).toMatchObject({
      kind: "attempted",
      record: { ...record, trigger: "redelivery" },
    });
    const { headers } = receiver.requests.at(-1)!;
    expect(headers).toMatchObject({ "webhook-id": DELIVERY.eventId, "ringback-attempt": "1" });
    expect(headers).not.toHaveProperty("ringback-test");
  });

  test("a first delivery's record names neither", async () => {
    const result = await deliver(DELIVERY, depsFor());
    const record = result.kind === "attempted" ? result.record : {};
    expect(record).not.toHaveProperty("delivery_id");
    expect(record).not.toHaveProperty("redelivery_id");
  });

  test("a redelivery without a subscription is recorded as cancelled", async () => {
    const result = await deliver(AGAIN, depsFor({ find: nobody }));
    expect(result).toMatchObject({ record: { outcome: { kind: "cancelled" } } });
  });

  test("a test event says so to the endpoint, and is done with its one attempt", async () => {
    const unreachable = subscription("http://127.0.0.1:1/hook");
    const tried: Delivery = { ...DELIVERY, trigger: "test" };
    await deliver(tried, depsFor());
    expect(receiver.requests.at(-1)!.headers).toMatchObject({ "ringback-test": "true" });
    const failed = await deliver(tried, depsFor({ find: async () => found(unreachable) }));
    expect(failed).toMatchObject({
      record: { trigger: "test", outcome: { kind: "failed" }, next: { kind: "done" } },
    });
  });
});
