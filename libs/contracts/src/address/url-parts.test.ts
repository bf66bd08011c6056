import * as fc from "fast-check";
import { expect, test } from "vitest";
import { urlParts } from "./url-parts.ts";

test("the parts of a URL are those that the parser says, also the second time", () => {
  const any = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string());
  fc.assert(
    fc.property(any, (text) => {
      const url = URL.parse(text);
      const { origin, pathname, search } = url ?? {};
      const expected = url === null ? undefined : { origin, pathname, search };
      expect([urlParts(text), urlParts(text)]).toEqual([expected, expected]);
    }),
  );
});

test("a URL with a query is not remembered", () => {
  const twice = ["https://example.com/a", "https://example.com/a?k=1"].map((url) => [
    urlParts(url),
    urlParts(url),
  ]);
  expect(twice.map(([first, second]) => first === second)).toEqual([true, false]);
});

test("no more than some thousands are remembered, whatever comes", () => {
  const first = urlParts("https://example.com/first");
  for (let n = 0; n < 20_000; n += 1) urlParts(`https://example.com/${n}`);
  expect(urlParts("https://example.com/first")).toEqual(first);
  expect(urlParts("https://example.com/first")).not.toBe(first);
});
