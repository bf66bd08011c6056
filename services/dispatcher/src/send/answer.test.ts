import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyExcerpt, keptHeaders } from "./answer.ts";

const bodyOf = (...chunks: readonly Uint8Array[]): Readable =>
  Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );

describe("the excerpt of a body", () => {
  it("is at most 2 KiB of well-formed text, whatever bytes come in whatever pieces", async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1_500 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const excerpt = await bodyExcerpt(bodyOf(...chunks));
        expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(2_048);
        expect(excerpt.isWellFormed()).toBe(true);
        expect(excerpt).not.toContain("\0");
      }),
    );
  });

  it("is the beginning of the text, as far as whole characters go", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 3_000 }), async (text) => {
        const plain = text.replaceAll("\0", "").replaceAll("\uFEFF", "");
        const excerpt = await bodyExcerpt(bodyOf(Buffer.from(plain)));
        expect(plain.startsWith(excerpt)).toBe(true);
        expect(Buffer.byteLength(excerpt)).toBeGreaterThan(
          Math.min(2_048, Buffer.byteLength(plain)) - 4,
        );
      }),
    );
  });

  it("is cut in the text too, where bytes that are no text take three bytes each", async () => {
    const excerpt = await bodyExcerpt(bodyOf(Buffer.alloc(5_000, 0xff)));
    expect(excerpt).toBe("\uFFFD".repeat(682));
  });

  it("stops reading an endless body, and destroys it", async () => {
    let chunks = 0;
    const endless = new Readable({
      read() {
        chunks += 1;
        this.push(Buffer.alloc(8 * 1_024, "x"));
      },
    });
    expect(await bodyExcerpt(endless)).toBe("x".repeat(2_048));
    expect(endless.destroyed).toBe(true);
    expect(chunks).toBeLessThan(20);
  });

  it("is what came before a body broke off", async () => {
    const broken = new Readable({ read() {} });
    broken.push("begun");
    const excerpt = bodyExcerpt(broken);
    setImmediate(() => broken.destroy(new Error("reset")));
    expect(await excerpt).toBe("begun");
  });
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
