import { Buffer } from "node:buffer";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { describe, expect, test } from "vitest";
import { destinationOf, requestFor, urlForRecords, type RequestFacts } from "./request.ts";

const subscription: Subscription = {
  event_type: "call_completed",
  callback_url: "https://customer.example/hook?token=t",
  headers: { "X-Tenant": "t1" },
  method_type: "PUT",
};

const facts: RequestFacts = {
  eventId: "evt_t0_7",
  eventType: "call_completed",
  attempt: 2,
  nowMs: 1_700_000_000_999,
  userAgent: "Ringback/1.2.3",
  body: Buffer.from('{"a":1}'),
  sign: (keys, { id, timestamp, body }) =>
    `${keys.map((key) => key.id).join("+")} sign ${id} ${timestamp} ${Buffer.from(body).toString()}`,
};

describe("the request of an event", () => {
  test("has the subscription's URL and method, and the event's own bytes", () => {
    const request = requestFor(subscription, facts);
    expect(request).toMatchObject({ method: "PUT", url: subscription.callback_url });
    expect(request.body).toBe(facts.body);
  });

  test("has the customer's headers and ours", () => {
    expect(requestFor(subscription, facts).headers).toEqual({
      "content-type": "application/json",
      "X-Tenant": "t1",
      "webhook-id": "evt_t0_7",
      "webhook-timestamp": "1700000000",
      "ringback-event-type": "call_completed",
      "ringback-attempt": "2",
      "user-agent": "Ringback/1.2.3",
      "accept-encoding": "identity",
    });
  });

  test("is signed with the keys that have not expired, over what is sent", () => {
    const key: SigningKey = {
      id: "new",
      scheme: "v1",
      secret: "whsec_x",
      created_at: "2023-11-01T00:00:00.000Z",
    };
    const old = { ...key, id: "old", expires_at: "2023-11-14T22:13:21.000Z" };
    const signed = { ...subscription, signing: [key, old] };
    const value = 'new+old sign evt_t0_7 1700000000 {"a":1}';
    expect(requestFor(signed, facts).headers).toMatchObject({ "webhook-signature": value });
    const later = requestFor(signed, { ...facts, nowMs: 1_700_000_001_000 }).headers;
    expect(later["webhook-signature"]).toMatch(/^new sign evt_t0_7 1700000001 /);
    const none = requestFor({ ...subscription, signing: [{ ...old }] }, { ...facts, nowMs: 2e12 });
    expect(none.headers).not.toHaveProperty("webhook-signature");
  });

  test("says the trace where it is told to, unless the customer's headers say one", () => {
    const traced = { ...facts, traceHeaders: { traceparent: "ours" } };
    const traceOf = (headers: Record<string, string>) =>
      Object.entries(requestFor({ ...subscription, headers }, traced).headers).filter(([name]) =>
        /^trace/i.test(name),
      );
    expect(traceOf({ "X-Tenant": "t1" })).toEqual([["traceparent", "ours"]]);
    expect(traceOf({ TraceParent: "theirs" })).toEqual([["TraceParent", "theirs"]]);
    expect(traceOf({ Tracestate: "a=1" })).toEqual([["Tracestate", "a=1"]]);
  });

  test.each(["content-type", "Content-Type", "CONTENT-TYPE"])(
    "keeps a customer's %s and adds no other",
    (name) => {
      const headers = { [name]: "application/json; charset=utf-8" };
      const sent = requestFor({ ...subscription, headers }, facts).headers;
      const names = Object.keys(sent).filter((key) => key.toLowerCase() === "content-type");
      expect(names).toEqual([name]);
      expect(sent[name]).toBe("application/json; charset=utf-8");
    },
  );
});

test.each([
  ["https://customer.example/hook?token=t", "https://customer.example/hook"],
  ["https://customer.example:8443/a%20b/?a=1&b=2", "https://customer.example:8443/a%20b/"],
  ["https://user:pass@customer.example/hook#part", "https://customer.example/hook"],
  ["http://[::1]:8080?x", "http://[::1]:8080/"],
  ["no url", ""],
])("%s is recorded as '%s'", (url, recorded) => {
  expect(urlForRecords(url)).toBe(recorded);
});

test.each([
  ["https://customer.example/hook?token=t", "https://customer.example"],
  ["https://customer.example:443/", "https://customer.example"],
  ["http://customer.example:8080/a", "http://customer.example:8080"],
  ["no url", ""],
])("%s is at the origin '%s'", (url, origin) => {
  expect(destinationOf(url).origin).toBe(origin);
});

test("a destination is a URL without its query, which may differ from request to request", () => {
  expect(destinationOf("https://a.example/hooks/1?token=t")).toEqual({
    destination: "https://a.example/hooks/1",
    origin: "https://a.example",
  });
});
