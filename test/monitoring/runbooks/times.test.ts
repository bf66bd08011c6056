import { expect, test } from "vitest";
import { EXPECTED } from "../live/expected.ts";
import { alerts, runbooks } from "../mixin.ts";

/** Scrapes and evaluations come every 15 to 30 s, and rates need two scrapes. */
const SLACK_MINUTES = 2;

/**
 * How long the failure that `make alerts-live` makes takes to become what the alert is about. Runbooks count from there.
 */
const ONSET_MINUTES: Readonly<Record<string, number>> = {
  // An entry waits for five minutes to be stored.
  RingbackAuditLost: 5,
  // A retry has to be due.
  RingbackDeadLettersOfOurs: 3,
  RingbackRetriesRepublished: 2,
  // The queue in memory fills up first.
  RingbackOperationsDropped: 8,
  // The stream fills up to its limit.
  RingbackStreamNearLimit: 15,
  // It compares with what was an hour ago, when there was nothing yet.
  RingbackNoSubscriptionHigh: 45,
};

/** After how many minutes an alert fires, as its runbook's meaning says; one number is for every severity. */
const namedMinutes = (alert: string, severity = ""): number => {
  const [, meaning = ""] = /## Meaning\n([^]*?)\n## Impact/.exec(runbooks.get(alert) ?? "") ?? [];
  const [, sentence = ""] = /\bIt fires after about ([^.]+)\./.exec(meaning) ?? [];
  const found = [...sentence.matchAll(/(\d+) minutes(?: \(`(\w+)`\))?/g)].find(
    ([, , of]) => of === undefined || of === severity,
  );
  return Number(found?.[1]);
};

test("each runbook says after how long its alert fires, which is never before its rule can", () => {
  const wrong = alerts
    .map(({ alert, for: held = "0m", labels }) => ({
      alert,
      severity: labels?.["severity"],
      heldMinutes: Number(/^(\d+)m$/.exec(held)?.[1]),
      named: namedMinutes(alert, labels?.["severity"]),
    }))
    .filter(({ heldMinutes, named }) => !(named >= heldMinutes));
  expect(wrong).toEqual([]);
});

const isInTime = (
  { alert, severity, withinMinutes }: (typeof EXPECTED)[number],
  onset: Readonly<Record<string, number>>,
): boolean => withinMinutes <= namedMinutes(alert, severity) + SLACK_MINUTES + (onset[alert] ?? 0);

test("what is waited for where each failure is made is what the runbooks say", () => {
  expect(EXPECTED.filter((one) => !isInTime(one, ONSET_MINUTES))).toEqual([]);
});

test("no failure is given time to begin that needs none", () => {
  const needing = EXPECTED.filter((one) => !isInTime(one, {})).map(({ alert }) => alert);
  expect(new Set(needing)).toEqual(new Set(Object.keys(ONSET_MINUTES)));
});
