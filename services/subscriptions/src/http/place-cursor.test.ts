import { assert, nat, property, record } from "fast-check";
import { expect, test } from "vitest";
import { cursorAfterPlace, placeInCursor } from "./place-cursor.ts";

test("a cursor gives back its place, in its list and in no other", () => {
  const place = record({ atMs: nat(2 ** 50), seq: nat(2 ** 50) });
  assert(
    property(place, (one) => {
      const cursor = cursorAfterPlace("events", one);
      expect(placeInCursor("events", cursor)).toEqual(one);
      expect(placeInCursor("attempts", cursor)).toBeUndefined();
    }),
  );
});

test.each([
  ["nothing", ""],
  ["some word", "abc"],
  ["a cursor of agents", Buffer.from("after:a1").toString("base64url")],
  ["no number", Buffer.from("events:1:x").toString("base64url")],
  ["a number in another spelling", Buffer.from("events:1:01").toString("base64url")],
  ["too much", Buffer.from("events:1:1:1").toString("base64url")],
  ["padding", `${cursorAfterPlace("events", { atMs: 1, seq: 1 })}=`],
])("%s is no cursor", (_what, text) => {
  expect(placeInCursor("events", text)).toBeUndefined();
});
