import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonItems } from "./split-json.ts";

const itemsIn = (text: string, maxItems = 1_000) => jsonItems(Buffer.from(text), maxItems);
const texts = (text: string): string[] => {
  const found = itemsIn(text);
  if (found.kind !== "list") throw new Error(JSON.stringify(found));
  return found.items.map(String);
};

describe("the elements of a JSON array", () => {
  test("are the bytes that were sent, whatever they hold", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.json({ noUnicodeString: false }), fc.constantFrom("", " ", "\n\t"))),
        (elements) => {
          const text = `[${elements.map(([json, space]) => space + json + space).join(",")}]`;
          expect(texts(text)).toEqual(elements.map(([json]) => json));
        },
      ),
    );
  });

  test("keep numbers, escapes and key order as they are spelt", () => {
    const item = String.raw`{"b":1.0e2,"a":9007199254740993,"q":"\"],[\\","u":"é"}`;
    expect(texts(`[ ${item} , ${item} ]`)).toEqual([item, item]);
  });

  test("of what is no array are all of it, without the spaces around", () => {
    const found = itemsIn(' \n{"a":[1,2]}\n');
    expect(found).toEqual({ kind: "one", item: Buffer.from('{"a":[1,2]}') });
  });

  test.each([
    ["nothing", "  "],
    ["no end", "[1,2"],
    ["a string without an end", '[1,"2]'],
    ["a string whose last quote is escaped", String.raw`["a\"]`],
    ["a comma too many at the end", "[1,]"],
    ["a comma too many in the middle", "[1,,2]"],
    ["a comma alone", "[,]"],
    ["a bracket of the other kind", "[1}"],
    ["something behind it", "[1] 2"],
  ])("cannot be told where there is %s", (_, text) => {
    expect(itemsIn(text)).toEqual({ kind: "invalid" });
  });

  test("are those of the list in an object that has nothing but `events`", () => {
    for (const text of ['{"events":[1,2]}', ' { "events" : [ 1 , 2 ] } \n']) {
      const items = [Buffer.from("1"), Buffer.from("2")];
      expect(itemsIn(text)).toMatchObject({ kind: "list", items, path: ["events"] });
    }
    expect(itemsIn('{"events":[1,2,3]}', 2)).toMatchObject({ kind: "too_many", path: ["events"] });
  });

  test.each([
    '{"events":[1,2],"call_id":"c-42"}',
    '{"events":[1,2,3],"call_ids":["c-42"]}',
    '{"call_id":"c-42","events":[1,2]}',
    '{"events":{"a":[1]}}',
    '{"events":[1,2',
    '{"events":[1]]}',
  ])("are not looked for in what may be an event, or no JSON: %s", (text) => {
    expect(itemsIn(text, 2)).toMatchObject({ kind: "one" });
  });

  test("are counted before they are read", () => {
    expect(itemsIn("[1,2,3]", 3)).toMatchObject({ kind: "list" });
    expect(itemsIn("[1,2,3]", 2)).toMatchObject({ kind: "too_many", path: [] });
    expect(texts("[ ]")).toEqual([]);
  });

  test("are all JSON exactly when the array is", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\[[\][{}",:1 \\a]{0,12}\]?$/), (text) => {
        const found = itemsIn(text);
        const all = found.kind === "list" && found.items.every((item) => isJson(String(item)));
        expect(all).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
