import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyStart, keptHeaders } from "./response.ts";

/** The beginning of a body that comes in these pieces. */
const textOf = (...chunks: readonly Uint8Array[]): string => {
  const body = bodyStart();
  for (const chunk of chunks) body.take(Buffer.from(chunk));
  return body.text();
};

describe("the beginning of a body", () => {
  test("is at most 3 KiB of bytes, as well-formed text, whatever bytes come in whatever pieces", () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1_500 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, (chunks) => {
        const text = textOf(...chunks);
        expect(text.length).toBeLessThanOrEqual(3_072);
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toContain("\0");
      }),
    );
  });

  test("is the beginning of the text, as far as whole characters go", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 4_000 }), (whole) => {
        const plain = whole.replaceAll("\0", "").replaceAll("\uFEFF", "");
        const text = textOf(Buffer.from(plain));
        expect(plain.startsWith(text)).toBe(true);
        expect(Buffer.byteLength(text)).toBeGreaterThan(
          Math.min(3_072, Buffer.byteLength(plain)) - 4,
        );
      }),
    );
  });

  test("is empty where nothing came", () => {
    expect(textOf()).toBe("");
  });
});

test("no more than 64 KiB of a body are wanted, and 3 KiB are looked at", () => {
  const body = bodyStart();
  const chunk = Buffer.alloc(16 * 1_024, "x");
  const wanted = Array.from({ length: 5 }, () => body.take(chunk));
  expect(wanted).toEqual([true, true, true, true, false]);
  expect(body.text()).toBe("x".repeat(3_072));
});

describe("the headers that are kept", () => {
  test("are those that say why an endpoint said no, and no cookies", () => {
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

  test("are looked at up to 512 characters", () => {
    expect(keptHeaders({ server: "s".repeat(1_000) })).toEqual({ server: "s".repeat(512) });
  });
});
