import { headers as newHeaders } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { traceContextOf } from "./tracing-headers.ts";

const PARENT = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

const contextIn = (...pairs: readonly (readonly [string, string])[]) =>
  traceContextOf(() => {
    const headers = newHeaders();
    for (const [name, value] of pairs) headers.append(name, value);
    return headers;
  });

test("a message's trace is found, however its header's name is written", () => {
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true };
  expect(contextIn(["traceparent", PARENT])).toEqual(context);
  expect(contextIn(["Traceparent", PARENT], ["TRACESTATE", "a=1"])).toEqual({
    ...context,
    state: "a=1",
  });
});

test("a traceparent that is there twice is none, in one spelling or in two", () => {
  expect(contextIn(["traceparent", PARENT], ["traceparent", PARENT])).toBeUndefined();
  expect(contextIn(["traceparent", PARENT], ["Traceparent", PARENT])).toBeUndefined();
});

test("no headers, and headers that cannot be decoded, are no trace", () => {
  expect(traceContextOf(() => undefined)).toBeUndefined();
  expect(
    traceContextOf(() => {
      throw new Error("invalid header name");
    }),
  ).toBeUndefined();
});
