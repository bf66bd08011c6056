import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { responseHeads } from "./response-heads.ts";

/** What undici sees of an answer that comes in these pieces. */
const seenOf = (...pieces: readonly (string | Buffer)[]): string => {
  const heads = responseHeads();
  heads.expectOne();
  const seen = pieces.map((piece) => heads.take(Buffer.from(piece)) ?? Buffer.alloc(0));
  return Buffer.concat(seen).toString("latin1");
};

/** A piece for each byte. */
const inBytes = (answer: string): string[] => answer.split("");

const CONTINUE = "HTTP/1.1 100 Continue\r\nx: y\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab";
const withFraming = (...lines: readonly string[]): string =>
  ["HTTP/1.1 200 OK", ...lines, "", "2\r\nab\r\n0\r\n\r\n"].join("\r\n");

describe("of an answer the client does not see", () => {
  test.each([1, 2, 10])("%i unasked 100 Continue before it", (times) => {
    expect(seenOf(CONTINUE.repeat(times) + OK)).toBe(OK);
    expect(seenOf(...inBytes(CONTINUE.repeat(times) + OK))).toBe(OK);
  });

  test("empty lines before it", () => {
    expect(seenOf(`\r\n\r\n${CONTINUE}\r\n${OK}`)).toBe(OK);
  });

  test.each([
    [
      ["content-length: 2", "X: y", "Content-Length: 2"],
      ["content-length: 2", "X: y"],
    ],
    [["Content-Length: 2, 2"], ["content-length: 2"]],
    [
      ["content-length: 5", "transfer-encoding: chunked"],
      ["connection: close", "transfer-encoding: chunked"],
    ],
    [
      ["transfer-encoding: chunked", "content-length: 5", "content-length: 6"],
      ["transfer-encoding: chunked", "connection: close"],
    ],
  ])("a length that says nothing: %j becomes %j", (lines, expected) => {
    expect(seenOf(withFraming(...lines))).toBe(withFraming(...expected));
  });
});

describe("of an answer the client sees as it is", () => {
  test.each([
    ["hints before it", `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}`],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nraw"],
    ["two lengths that differ", withFraming("content-length: 1", "content-length: 9")],
    ["a length that is no number", withFraming("content-length: x, x")],
    ["one length", OK],
    ["its body, whatever is in it", `${OK}${CONTINUE}`],
    ["what is no HTTP", "220 mail.example ESMTP\r\n"],
    ["the eleventh 100 Continue", `HTTP/1.1 103 E\r\n\r\n${"x".repeat(9)}`],
  ])("%s", (_what, answer) => {
    expect(seenOf(answer)).toBe(answer);
    expect(seenOf(...inBytes(answer))).toBe(answer);
  });

  test("more 100 Continue than anybody needs: it refuses the rest", () => {
    expect(seenOf(CONTINUE.repeat(12))).toBe(CONTINUE.repeat(2));
  });

  test("a head of more than 32 KiB, whether or not it ends", () => {
    const head = `HTTP/1.1 200 OK\r\nx: ${"x".repeat(33 * 1_024)}`;
    expect(seenOf(head)).toBe(head);
    expect(seenOf(head.slice(0, 20_000), head.slice(20_000))).toBe(head);
  });

  test("what comes before a request", () => {
    expect(responseHeads().take(Buffer.from(CONTINUE))?.toString()).toBe(CONTINUE);
  });
});

test("whatever an endpoint sends in whatever pieces: nothing is thrown, and no piece makes a difference", () => {
  const parts = fc.oneof(
    fc.constantFrom(CONTINUE, OK, "HTTP/1.1 ", "\r\n", "\n\n", "\r\n\r\n", "100 ", "200 x\r\n"),
    fc.constantFrom(
      "content-length: 5\r\n",
      "transfer-encoding: chunked\r\n",
      "HTTP/1.1 103 x\r\n",
    ),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), fc.array(fc.nat(200)), (all, cuts) => {
      const bytes = Buffer.from(all.join(""), "latin1");
      const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
      const places = edges.toSorted((a, b) => a - b);
      const pieces = places.slice(1).map((to, n) => bytes.subarray(places[n], to));
      const whole = seenOf(bytes);
      expect(seenOf(...pieces.filter(({ length }) => length > 0))).toBe(whole);
    }),
  );
});
