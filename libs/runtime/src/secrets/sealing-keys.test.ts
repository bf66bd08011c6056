import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readSealingKeys } from "./sealing-keys.ts";

const key = (): string => randomBytes(32).toString("base64");
const problem = (value: unknown): string => {
  const read = readSealingKeys(typeof value === "string" ? value : JSON.stringify(value));
  return read.kind === "invalid" ? read.message : "";
};

test("keys are read in the file's order", () => {
  const first = key();
  const read = readSealingKeys(
    JSON.stringify([
      { id: "new", key: first },
      { id: "old", key: key() },
    ]),
  );
  if (read.kind === "invalid") throw new Error(read.message);
  expect(read.entries.map(({ id }) => id)).toEqual(["new", "old"]);
  expect(read.entries[0]?.key.export().toString("base64")).toBe(first);
});

const SAME = key();
const short = randomBytes(31).toString("base64");
const unpadded = key().slice(0, -1);
const url = Buffer.alloc(32, 0xff).toString("base64url");

test.each<[string, unknown, string]>([
  ["text", "not json", "is not valid JSON"],
  ["an object", { id: "a", key: key() }, "is not a JSON array of {id, key}"],
  ["an empty array", [], "has no key: at least one is needed"],
  [
    "a short key",
    [{ id: "a", key: short }],
    "entry 0 ('a'): key: must be base64 of exactly 32 bytes: it is 31 bytes",
  ],
  [
    "no padding",
    [{ id: "a", key: unpadded }],
    "entry 0 ('a'): key: must be base64 (RFC 4648, with padding)",
  ],
  [
    "base64url",
    [{ id: "a", key: url }],
    "entry 0 ('a'): key: must be base64 (RFC 4648, with padding)",
  ],
  [
    "a key in place of the id",
    [{ id: SAME, key: key() }],
    "entry 0: id: must be 1 to 32 characters of A-Z a-z 0-9 _ -",
  ],
  [
    "a key as a field",
    [{ id: "a", key: SAME, [SAME]: 1 }],
    "entry 0 ('a'): has fields other than id and key",
  ],
  [
    "an id twice",
    [
      { id: "a", key: key() },
      { id: "a", key: key() },
    ],
    "entry 1 ('a'): id: is there twice",
  ],
  [
    "a key twice",
    [
      { id: "a", key: SAME },
      { id: "b", key: SAME },
    ],
    "entry 1 ('b'): key: is the same as that of entry 0",
  ],
])("%s is refused with the entry and the problem", (_what, value, message) => {
  expect(problem(value)).toBe(message);
});

test("what is wrong is said without the key", () => {
  for (const value of [
    [{ id: SAME, key: SAME }],
    [{ id: "a", key: `${SAME}x` }],
    [{ [SAME]: SAME }],
    [SAME],
    `[{"id": "a", "key": "${SAME}"`,
    { a: SAME },
  ]) {
    expect(problem(value)).not.toBe("");
    expect(problem(value)).not.toContain(SAME.slice(0, 8));
  }
});
