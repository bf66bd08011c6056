import { Buffer } from "node:buffer";
import * as fc from "fast-check";

/** A JSON text of nearly so many bytes: `begin`, as many members as fit, `end`. */
const filled = (
  maxBytes: number,
  [begin, end]: readonly [string, string],
  member: (n: number) => string,
): Buffer => {
  const members: string[] = [];
  let bytes = begin.length + end.length;
  for (let n = 0; ; n += 1) {
    const one = member(n);
    bytes += Buffer.byteLength(one) + 1;
    if (bytes > maxBytes) return Buffer.from(`${begin}${members.join(",")}${end}`);
    members.push(one);
  }
};

const name = (n: number): string => n.toString(36);

/** Elements of a list, each with what makes it dear for somebody. */
const ELEMENTS: Readonly<Record<string, (n: number) => string>> = {
  numbers: () => "0",
  fractions: () => "1e5",
  "empty texts": () => '""',
  nulls: () => "null",
  "empty objects": () => "{}",
  "empty lists": () => "[]",
  "wrong turns": () => '{"bot":1}',
  "good turns": () => '{"user":""}',
  "turns in escapes": () => String.raw`{"bot":"\n"}`,
  "objects of other keys each": (n) => `{"${name(n)}":0}`,
  "deep lists": () => "[".repeat(40) + "]".repeat(40),
  "deep objects": () => '{"a":'.repeat(40) + "0" + "}".repeat(40),
  "long texts of escapes": () => `"${String.raw`\u0000\"`.repeat(500)}"`,
  "texts with half of a pair": () => String.raw`"\ud800"`,
  "headers and addresses": (n) => `{"callback_url":"${n}","headers":{"a\\u0000":"${n}"}}`,
};

/** Members of an object. */
const MEMBERS: Readonly<Record<string, (n: number) => string>> = {
  "short keys": (n) => `"k${name(n)}":0`,
  "keys that end alike": (n) => `"${name(n)}k":0`,
  "numbers as keys": (n) => `"${1e6 + n * 7919}":""`,
  "keys in escapes": (n) => String.raw`"\u0061${name(n)}":0`,
  "keys with a NUL": (n) => String.raw`"${name(n)}\u0000":"v"`,
  "long keys": (n) => `"${"x".repeat(100)}${n}":"v"`,
  "lists as members": (n) => `"k${name(n)}":[0]`,
};

export type LargestBody = { readonly what: string; readonly bytes: Buffer };

/**
 * Bodies of the largest size around a head such as `"call_id":"c"`: a list or an object in one of these
 * fields, or beside them, or as the whole body, of elements or members of one or of two kinds.
 */
export const largestBodies = (
  maxBytes: number,
  head: string,
  fields: readonly string[],
): fc.Arbitrary<LargestBody> => {
  const filling = (
    kinds: Readonly<Record<string, (n: number) => string>>,
    [open, close]: readonly [string, string],
  ): fc.Arbitrary<LargestBody> =>
    fc
      .record({
        field: fc.constantFrom(...fields),
        kinds: fc.uniqueArray(fc.constantFrom(...Object.keys(kinds)), {
          minLength: 1,
          maxLength: 2,
        }),
      })
      .map(({ field, kinds: names }) => {
        const made = names.map((one) => kinds[one] ?? String);
        const around = [`{${head},"${field}":${open}`, `${close}}`] as const;
        const member = (n: number): string => (made[n % made.length] ?? String)(n);
        return {
          what: `${names.join(" and ")} in ${field}`,
          bytes: filled(maxBytes, around, member),
        };
      });
  return fc.oneof(
    filling(ELEMENTS, ["[", "]"]),
    filling(MEMBERS, ["{", "}"]),
    fc.constantFrom(...Object.keys(MEMBERS)).map((kind) => ({
      what: `${kind} at the top`,
      bytes: filled(maxBytes, [`{${head},`, "}"], MEMBERS[kind] ?? String),
    })),
    fc.constantFrom(...Object.keys(ELEMENTS)).map((kind) => ({
      what: `a list of ${kind}`,
      bytes: filled(maxBytes, ["[", "]"], ELEMENTS[kind] ?? String),
    })),
  );
};
