import { expect, test } from "vitest";
import { readRuns, storedRuns, type DecidedRuns } from "./decided-runs.ts";

const AGAIN = {
  mode: "redelivery",
  delivery_id: "7-token",
  attempt: 1,
  attempts_left: null,
} as const;

test("one delivery is stored as earlier versions do, which may read it again", () => {
  const decided: DecidedRuns = { runs: [AGAIN], countsAgainstSchedule: false };
  expect(storedRuns(decided)).toEqual({ ...AGAIN, counts_against_schedule: false });
});

test.each<[string, DecidedRuns]>([
  ["one delivery", { runs: [AGAIN], countsAgainstSchedule: true }],
  [
    "several, one of them in progress",
    {
      runs: [
        { mode: "in_progress" },
        { ...AGAIN, endpoint_id: "ep_aaaaaaaaaaaaaaaa", uid: "crm" },
        { ...AGAIN, mode: "retry_now", delivery_id: "7", attempt: 3, attempts_left: 1 },
      ],
      countsAgainstSchedule: false,
    },
  ],
])("%s is read as it was decided", (_what, decided) => {
  expect(readRuns(JSON.parse(JSON.stringify(storedRuns(decided))))).toEqual(decided);
});

test("a record of an earlier version is read: there, each attempt counted", () => {
  const { attempts_left: _, ...earlier } = AGAIN;
  expect(readRuns(earlier)).toEqual({ runs: [AGAIN], countsAgainstSchedule: true });
});

test.each([{}, { deliveries: [] }, { ...AGAIN, mode: "in_progress" }, { ...AGAIN, attempt: 0 }])(
  "what is no decision is not taken for one: %j",
  (stored) => {
    expect(() => readRuns(stored)).toThrow(/"code"/);
  },
);
