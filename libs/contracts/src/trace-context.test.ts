import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  readTraceContext,
  traceHeaders,
  traceparentOf,
  type TraceContext,
} from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const read = (traceparent: string, tracestate = ""): TraceContext | undefined =>
  readTraceContext((name) => ({ traceparent, tracestate })[name] ?? "");

describe("traceparent", () => {
  test("is read with its ids and whether the trace is kept", () => {
    expect(read(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      isSampled: true,
    });
    expect(read(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false);
    expect(read(`00-${TRACE}-${SPAN}-02`)?.isSampled).toBe(false);
    expect(read(`00-${TRACE}-${SPAN}-03`)?.isSampled).toBe(true);
  });

  test("of a later version is read as far as it is known", () => {
    expect(read(`cc-${TRACE}-${SPAN}-01`)?.traceId).toBe(TRACE);
    expect(read(`01-${TRACE}-${SPAN}-01-what-comes-then`)?.spanId).toBe(SPAN);
  });

  test.each([
    ["missing", ""],
    ["no version", `ff-${TRACE}-${SPAN}-01`],
    ["version 00 with more behind it", `00-${TRACE}-${SPAN}-01-more`],
    ["a later version with more and no hyphen", `01-${TRACE}-${SPAN}-01more`],
    ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a trace id too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a span id too long", `00-${TRACE}-${SPAN}0-01`],
    ["flags of one digit", `00-${TRACE}-${SPAN}-1`],
    ["space before it", ` 00-${TRACE}-${SPAN}-01`],
    ["a line end after it", `00-${TRACE}-${SPAN}-01\n`],
    ["two of them", `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
    ["more than 256 characters", `01-${TRACE}-${SPAN}-01-${"x".repeat(256)}`],
  ])("is ignored when it is %s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  test("is ignored whatever else it is", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        expect(read(text)).toBeUndefined();
      }),
    );
  });
});

const stateOf = (text: string) => read(`00-${TRACE}-${SPAN}-01`, text)?.state;

describe("tracestate", () => {
  test("is handed on, without the space around its members", () => {
    expect(stateOf("rojo=00f067aa0ba902b7 ,\tcongo=t61rcWkgMzE")).toBe(
      "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    );
    expect(stateOf("tenant@vendor=a b")).toBe("tenant@vendor=a b");
  });

  test.each([
    ["no pair", "rojo"],
    ["a key in upper case", "Rojo=1"],
    ["a value with an equals sign", "rojo=a=b"],
    ["a control character", "rojo=a\u0001b"],
    ["more than 512 characters", `a=${"x".repeat(200)},b=${"x".repeat(200)},c=${"x".repeat(200)}`],
    ["more than 32 members", Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(",")],
    ["commas alone", " , ,"],
  ])("is left out when it is %s, and the parent stays", (_, text) => {
    expect(read(`00-${TRACE}-${SPAN}-01`, text)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      isSampled: true,
    });
  });
});

const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));

test("what is written is read back the same", () => {
  const context = fc.record({ traceId: hex(32), spanId: hex(16), isSampled: fc.boolean() });
  fc.assert(
    fc.property(context, fc.constantFrom(undefined, "a=1,b=2"), (bare, state) => {
      const whole = state === undefined ? bare : { ...bare, state };
      const headers = new Map(traceHeaders(whole));
      expect(readTraceContext((name) => headers.get(name) ?? "")).toEqual(whole);
      expect(headers.get("traceparent")).toBe(traceparentOf(whole));
    }),
  );
  expect(traceHeaders(undefined)).toEqual([]);
});
