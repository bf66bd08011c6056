import { expect, test } from "vitest";
import { scenariosNamed } from "./catalogue.ts";
import { readOptions } from "./options.ts";

test("without a wish, every scenario runs in its full form with its own sizes", () => {
  const { scenario, isShort, events, profileTo } = readOptions({});
  expect({ scenario, isShort, events, profileTo }).toEqual({
    scenario: "all",
    isShort: false,
    events: undefined,
    profileTo: undefined,
  });
  expect(scenariosNamed(scenario).map(({ name }) => name)).toEqual([
    "throughput",
    "latency",
    "isolation",
    "slow",
    "flood",
    "outage",
    "retries",
    "subscriptions",
    "endpoints",
    "order",
    "backlog",
    "scale",
    "nats-memory",
  ]);
});

test("settings of the dispatcher are passed on, but for those that the benchmark arranges", () => {
  const environment = { MAX_IN_FLIGHT: "256", NATS_URL: "nats://elsewhere", ADMIN_PORT: "1" };
  expect(readOptions(environment).dispatcherSettings).toEqual({ MAX_IN_FLIGHT: "256" });
});

test("all wrong options are named together, and an unknown scenario with the known ones", () => {
  expect(() => readOptions({ EVENTS: "many", BENCH_FORM: "tiny" })).toThrow(
    /EVENTS[^]*BENCH_FORM|BENCH_FORM[^]*EVENTS/,
  );
  expect(() => scenariosNamed("latency,speed")).toThrow(/'speed' is none of all, throughput/);
});
