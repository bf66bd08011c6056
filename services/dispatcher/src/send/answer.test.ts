import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyStart, keptHeaders } from "./answer.ts";

/** The excerpt of a body that comes in these pieces. */
const excerptOf = (...chunks: readonly Uint8Array[]): string => {
  const body = bodyStart();
  for (const chunk of chunks) body.take(Buffer.from(chunk));
  return body.excerpt();
};

describe("the excerpt of a body", () => {
  it("is at most 2 KiB of well-formed text, whatever bytes come in whatever pieces", () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1_500 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, (chunks) => {
        const excerpt = excerptOf(...chunks);
        expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(2_048);
        expect(excerpt.isWellFormed()).toBe(true);
        expect(excerpt).not.toContain("\0");
      }),
    );
  });

  it("is the beginning of the text, as far as whole characters go", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 3_000 }), (text) => {
        const plain = text.replaceAll("\0", "").replaceAll("\uFEFF", "");
        const excerpt = excerptOf(Buffer.from(plain));
        expect(plain.startsWith(excerpt)).toBe(true);
        expect(Buffer.byteLength(excerpt)).toBeGreaterThan(
          Math.min(2_048, Buffer.byteLength(plain)) - 4,
        );
      }),
    );
  });

  it("is cut in the text too, where bytes that are no text take three bytes each", () => {
    expect(excerptOf(Buffer.alloc(5_000, 0xff))).toBe("\uFFFD".repeat(682));
  });

  it("is empty where nothing came", () => {
    expect(excerptOf()).toBe("");
  });
});

it("no more than 64 KiB of a body are wanted, and 2 KiB are kept", () => {
  const body = bodyStart();
  const chunk = Buffer.alloc(16 * 1_024, "x");
  const wanted = Array.from({ length: 5 }, () => body.take(chunk));
  expect(wanted).toEqual([true, true, true, true, false]);
  expect(body.excerpt()).toBe("x".repeat(2_048));
});

describe("the headers that are kept", () => {
  it("are those that say why an endpoint said no, and no cookies", () => {
    expect(
      keptHeaders({
        "content-type": "text/html",
        "retry-after": "120",
        server: "nginx",
        allow: "GET",
        "x-request-id": "r1",
        "set-cookie": ["session=s3cret"],
        location: "https://elsewhere.example/?token=s3cret",
      }),
    ).toEqual({
      "content-type": "text/html",
      "retry-after": "120",
      server: "nginx",
      allow: "GET",
      "x-request-id": "r1",
    });
  });

  it("are cut at 256 characters", () => {
    expect(keptHeaders({ server: "s".repeat(1_000) })).toEqual({ server: "s".repeat(256) });
  });
});
