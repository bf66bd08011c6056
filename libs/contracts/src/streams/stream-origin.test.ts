import { expect, test } from "vitest";
import {
  begunMs,
  createdAt,
  metadataInBackup,
  metadataOnceRestored,
  originIn,
  originOf,
} from "./stream-origin.ts";

const CREATED = "2026-01-01T00:00:00.000000001Z";

const info = (metadata: Record<string, string>, created = CREATED) => ({
  created,
  config: { metadata },
});

test("a stream that was never restored began when it was created", () => {
  expect(originOf(info({}))).toEqual(createdAt(Date.parse("2026-01-01T00:00:00Z")));
});

test("a restored stream keeps the time of its creation, whatever the server says, and knows each restore", () => {
  const backup = metadataInBackup(info({ theirs: "kept" }));
  const once = metadataOnceRestored(backup, 100, 1_800_000_000_000);
  const again = metadataOnceRestored(
    metadataInBackup(info(once, "2027-01-01T00:00:00Z")),
    150,
    1_900_000_000_000,
  );
  const origin = originOf(info(again, "2028-01-01T00:00:00Z"));
  expect(origin).toEqual([
    ...createdAt(Date.parse("2026-01-01T00:00:00Z")),
    { afterSeq: 100, atMs: 1_800_000_000_000 },
    { afterSeq: 150, atMs: 1_900_000_000_000 },
  ]);
  expect([begunMs(origin), again["theirs"]]).toEqual([1_900_000_000_000, "kept"]);
});

test("a restore right after another one, or by a slower clock, begins ids of its own all the same", () => {
  const backup = metadataInBackup(info({}));
  const once = metadataOnceRestored(backup, 100, Date.parse(CREATED) - 5_000);
  const again = metadataOnceRestored(once, 100, Date.parse(CREATED));
  const times = originOf(info(again)).map(({ atMs }) => atMs - Date.parse(CREATED));
  expect(times).toEqual([0, 1_000, 2_000]);
});

test("a stream that no start has looked for has no origin to guess", () => {
  expect(() => originIn(new Map(), "EVENTS")).toThrow("EVENTS");
});
