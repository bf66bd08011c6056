import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { headersProblem, MAX_EVENT_HEADER_BYTES, MAX_EVENT_HEADERS } from "./event-headers.ts";

/** Headers as they are on the wire. */
const wire = (lines: readonly string[]): Uint8Array =>
  Buffer.from(["NATS/1.0", ...lines, "", ""].join("\r\n"));

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `H${n}: v`);

/** One header that makes them all together this many bytes long. */
const long = (bytes: number): Uint8Array =>
  wire([`H: ${"v".repeat(bytes - wire(["H: "]).byteLength)}`]);

test("a message without headers, or with as many as are allowed, is fine", () => {
  expect(headersProblem(new Uint8Array())).toBeUndefined();
  expect(headersProblem(wire([]))).toBeUndefined();
  expect(headersProblem(wire(many(MAX_EVENT_HEADERS)))).toBeUndefined();
  expect(long(MAX_EVENT_HEADER_BYTES)).toHaveLength(MAX_EVENT_HEADER_BYTES);
  expect(headersProblem(long(MAX_EVENT_HEADER_BYTES))).toBeUndefined();
});

test.each([
  ["one header too many", wire(many(65)), "there are 65 headers, over the limit of 64"],
  ["one byte too many", long(8_193), "headers are 8193 bytes, over the limit of 8192"],
  ["both", wire(many(10_000)), /^headers are \d+ bytes, over the limit of 8192$/],
])("%s is told with the number and the limit", (_what, raw, message) => {
  expect(headersProblem(raw)).toMatch(message);
});
