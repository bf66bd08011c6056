import { expect, test } from "vitest";
import { neededBytes } from "./needed-bytes.ts";

const GIB = 1024 ** 3;

test.each([
  ["as docs/operations.md says of production", { events: 40 * GIB, attempts: 30 * GIB }, 13.8],
  ["of events alone", { events: 11 * GIB, attempts: 0 }, 2.55],
  ["of attempts alone", { events: 0, attempts: 13 * GIB }, 1.95],
])("the size of an index of full streams: %s", (_, { events, attempts }, gibibytes) => {
  const bytes = neededBytes({ EVENTS_MAX_BYTES: events, ATTEMPTS_MAX_BYTES: attempts });
  expect((bytes ?? 0) / GIB).toBeCloseTo(gibibytes, 1);
});

test.each([{}, { EVENTS_MAX_BYTES: GIB }, { ATTEMPTS_MAX_BYTES: GIB }])(
  "of streams without a limit (%j) nobody can say it",
  (limits) => {
    expect(neededBytes(limits)).toBeUndefined();
  },
);
