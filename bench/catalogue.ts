import type { Scenario } from "./scenario.ts";
import { backlog } from "./scenarios/backlog.ts";
import { endpoints } from "./scenarios/endpoints.ts";
import { flood } from "./scenarios/flood.ts";
import { isolation } from "./scenarios/isolation.ts";
import { latency } from "./scenarios/latency.ts";
import { natsMemory } from "./scenarios/nats-memory.ts";
import { order } from "./scenarios/order.ts";
import { outage } from "./scenarios/outage.ts";
import { retries } from "./scenarios/retries.ts";
import { scale } from "./scenarios/scale.ts";
import { slow } from "./scenarios/slow.ts";
import { subscriptions } from "./scenarios/subscriptions.ts";
import { throughput } from "./scenarios/throughput.ts";

/** Every scenario, in the order in which all are run. */
const SCENARIOS: readonly Scenario[] = [
  throughput,
  latency,
  isolation,
  slow,
  flood,
  outage,
  retries,
  subscriptions,
  endpoints,
  order,
  backlog,
  scale,
  natsMemory,
];

/** The scenarios that a wish names: one, several with commas between, or `all`; throws for others. */
export const scenariosNamed = (wish: string): readonly Scenario[] => {
  if (wish === "all") return SCENARIOS;
  return wish.split(",").map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name.trim());
    if (found !== undefined) return found;
    const known = SCENARIOS.map((scenario) => scenario.name).join(", ");
    throw new Error(`SCENARIO: '${name}' is none of all, ${known}`);
  });
};
