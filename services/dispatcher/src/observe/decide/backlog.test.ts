import { expect, test } from "vitest";
import { backlogOf, withSample, type Sample } from "./backlog.ts";

const samplesOf = (...all: readonly [number, number][]): readonly Sample[] =>
  all.reduce<readonly Sample[]>(
    (samples, [atMs, lastSeq]) => withSample(samples, { atMs, lastSeq }),
    [],
  );

test.each([
  ["nothing is known of the time before", [[10_000, 50]], 0],
  [
    "all were stored lately",
    [
      [5_001, 10],
      [10_000, 50],
    ],
    0,
  ],
  [
    "some were there long enough ago",
    [
      [5_000, 30],
      [10_000, 50],
    ],
    20,
  ],
  [
    "all were, and the stream has gaps",
    [
      [4_000, 400],
      [10_000, 500],
    ],
    40,
  ],
  [
    "an older sample says less",
    [
      [0, 12],
      [4_999, 30],
      [10_000, 50],
    ],
    20,
  ],
] as [string, [number, number][], number][])("of 40 events, %s", (_what, samples, late) => {
  const input = { waiting: 40, takenUpTo: 10, oldestAtMs: 1, atMs: 10_000 };
  expect(backlogOf({ ...input, samples: samplesOf(...samples) })).toEqual({
    waiting: 40,
    late,
    oldestAtMs: 1,
  });
});

test("few samples are kept, however many are taken", () => {
  const every5s = Array.from({ length: 100 }, (_, n): [number, number] => [n * 5_000, n]);
  expect(samplesOf(...every5s)).toEqual([
    { atMs: 490_000, lastSeq: 98 },
    { atMs: 495_000, lastSeq: 99 },
  ]);
});
