import { expect, test } from "vitest";
import { metricProblems, metricSamples, metricSum, shownMetrics } from "./metrics.ts";

const PAGE = `# HELP ringback_attempts_total Attempts made
# TYPE ringback_attempts_total counter
ringback_events_total{event_type="call_completed",result="accepted"} 4
ringback_attempts_total{event_type="call_completed",outcome="delivered",attempt="1"} 3
ringback_attempts_total{event_type="call_completed",outcome="status",attempt="1"} 6
ringback_attempts_total{event_type="call_completed",outcome="dns",attempt="1"} 0
ringback_deliveries_total{event_type="call_completed",result="delivered"} 3
ringback_deliveries_total{event_type="call_completed",result="dead_lettered"} 1
ringback_dead_letters_total{reason="exhausted"} 1
ringback_retries_scheduled_total{attempt="2"} 5
ringback_subscriptions 4
`;

test("samples with and without labels are read, comments are not", () => {
  const samples = metricSamples(PAGE);
  expect(samples).toHaveLength(9);
  expect(metricSum(samples, "ringback_subscriptions")).toBe(4);
  expect(metricSum(samples, "ringback_attempts_total")).toBe(9);
  expect(metricSum(samples, "ringback_attempts_total", 'outcome="status"')).toBe(6);
});

test("only what was counted is shown", () => {
  const shown = shownMetrics(metricSamples(PAGE));
  expect(shown).toHaveLength(7);
  expect(shown.join("\n")).not.toContain("dns");
});

test("counters that agree with the plan are no problem", () => {
  expect(metricProblems(metricSamples(PAGE))).toEqual([]);
});

test("a counter that disagrees is named with both numbers", () => {
  const page = PAGE.replace('result="delivered"} 3', 'result="delivered"} 2');
  expect(metricProblems(metricSamples(page))).toEqual([
    'metric ringback_deliveries_total{result="delivered"} is 2; expected 3',
  ]);
});
