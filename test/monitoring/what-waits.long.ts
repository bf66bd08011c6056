import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { storeEndpoint } from "../endpoints/stored-endpoints.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { publishSteadily } from "../limits/publish-steadily.ts";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { ruleFiles } from "./mixin.ts";
import { type Prometheus, startPrometheus } from "./prometheus-server.ts";
import { orWhyNot, tools } from "./promtool.ts";
import { shortened, shortenedExpression } from "./shortened.ts";

failOnLeaks();

/** w1 and w2 have quick endpoints and one each that hangs; the others' respond, and take their time. */
const QUICK = ["w1", "w2"];
const CROWD = ["w3", "w4", "w5", "w6", "w7", "w8"];
const SLOW = ["slow", "slow-2", "slow-3"];
const MAX_IN_FLIGHT = 128;

const endpoints: Script = ({ path }) => {
  if (path.includes("quick")) return status(200);
  const isOfCrowd = CROWD.some((workspaceId) => path.includes(workspaceId));
  return isOfCrowd ? { kind: "late_status", status: 200, afterMs: 6_000 } : { kind: "hang" };
};

let platform: Platform;
let receiver: Receiver;
let prometheus: Prometheus;

beforeAll(async () => {
  if (tools.kind === "absent") return;
  [platform, receiver] = await Promise.all([
    startPlatform({
      workspaces: [...QUICK, ...CROWD],
      dispatchers: 2,
      dispatcherEnv: { MAX_IN_FLIGHT: String(MAX_IN_FLIGHT), DELIVERY_TIMEOUT: "10s" },
    }),
    startReceiver(endpoints),
  ]);
  for (const workspaceId of [...QUICK, ...CROWD]) {
    for (const agentId of ["quick", ...SLOW]) {
      const callback_url = receiver.url(`/${workspaceId}-${agentId}`);
      const at = { workspaceId, agentId };
      await platform.subscribe([{ event_type: "call_completed", callback_url }], at);
    }
  }
  prometheus = await startPrometheus({
    binary: tools.prometheus,
    jobs: { dispatcher: platform.dispatchers.map((service) => service.adminUrl()) },
    groups: shortened(ruleFiles),
  });
  await eventually(async () => Number.isFinite((await figures()).autoscaler), {
    what: "the dispatchers' figures are known",
    timeoutMs: 60_000,
    intervalMs: 1_000,
  });
});

afterAll(async () => {
  await prometheus?.stop();
  await Promise.all([platform?.stop(), receiver?.stop()]);
});

interface ScaledObject {
  readonly spec: { readonly triggers: readonly { metadata: { query: string } }[] };
}

/** What KEDA asks, of the file that is shipped. */
const autoscalersQuery = (): string => {
  const file = readFileSync("deploy/k8s/components/keda/scaled-object.yaml", "utf8");
  const { query = "" } = (parse(file) as ScaledObject).spec.triggers[0]?.metadata ?? {};
  return query.replaceAll('namespace="ringback"', 'namespace="proof"');
};

const ASKED = {
  "never attempted": "sum(namespace_reason:ringback_first_attempts_waiting:max)",
  "for their endpoint":
    'sum(namespace_reason:ringback_first_attempts_waiting:max{reason="endpoint_busy"})',
  "for a dispatcher":
    'sum(namespace_reason:ringback_first_attempts_waiting:max{reason="dispatcher_busy"})',
  "due and not taken": 'sum(namespace_reason:ringback_first_attempts_waiting:max{reason="due"})',
  "not taken for, s": "max(ringback_backlog_retries_oldest_seconds)",
  "oldest, s": "max(namespace_reason:ringback_first_attempts_waiting_oldest_seconds:max)",
  late: "namespace:ringback_first_attempts_late:ratio_rate1h",
  "late of those attempted": shortenedExpression(
    'sum(increase(ringback_first_attempt_delay_seconds_count[1h])) - sum(increase(ringback_first_attempt_delay_seconds_bucket{le=~"5|5.0"}[1h]))',
  ),
  autoscaler: autoscalersQuery(),
  backlog: "max(ringback_backlog_events)",
  "in flight of usable": "namespace:ringback_attempts_in_flight:ratio",
  "in flight of limit": "sum(ringback_attempts_in_flight) / sum(ringback_attempts_in_flight_limit)",
};

type Figures = Readonly<Record<keyof typeof ASKED, number>>;

const figures = async (): Promise<Figures> => {
  const asked = Object.entries(ASKED).map(async ([what, expr]) => {
    const [sample] = await prometheus.query(expr);
    return [what, Number(sample?.value[1] ?? Number.NaN)] as const;
  });
  return Object.fromEntries(await Promise.all(asked)) as Figures;
};

/** The figures every few seconds while events are published. */
const whilePublishing = async (work: Promise<unknown>): Promise<readonly Figures[]> => {
  const seen: Figures[] = [];
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  await eventually(
    async () => {
      seen.push(await figures());
      return isOver;
    },
    { what: "all is published", timeoutMs: 120_000, intervalMs: 5_000 },
  );
  await work;
  console.table(seen.map((row) => Object.fromEntries(Object.entries(row).map(rounded))));
  return seen;
};

const rounded = ([what, value]: [string, number]): [string, number] => [
  what,
  Math.round(value * 1_000) / 1_000,
];

describe.skipIf(tools.kind === "absent")(`with the rules as they are shipped${orWhyNot}`, () => {
  test("one endpoint that hangs beside quick ones shows as waiting and as late; it is no work for more dispatchers", async () => {
    const published = publishSteadily(platform, { events: 3_000, everyMs: 20 }, (n) => ({
      workspaceId: QUICK[n % 2] ?? "w1",
      agentId: n % 4 === 0 ? "slow" : "quick",
      callId: `one-${n}`,
    }));
    const seen = await whilePublishing(published);
    const [first, last] = [seen[1], seen.at(-1)];
    expect(last?.["never attempted"]).toBeGreaterThan(300);
    expect(last?.["never attempted"]).toBeGreaterThan(first?.["never attempted"] ?? 0);
    expect(last?.["for their endpoint"]).toBeGreaterThan(0.9 * (last?.["never attempted"] ?? 0));
    expect(last?.["oldest, s"]).toBeGreaterThan(20);
    // What waits counts, until it is most of all that is late.
    expect(last?.late).toBeGreaterThan(0.2);
    expect(Math.max(...seen.map(({ autoscaler }) => autoscaler))).toBeLessThan(50);
    expect(Math.max(...seen.map((row) => row["in flight of usable"]))).toBeLessThan(0.9);
  }, 240_000);

  test("endpoints that work and are slow use up what is usable, which is less than the limit; what waits for them is work for more dispatchers", async () => {
    const published = publishSteadily(platform, { events: 2_000, everyMs: 20 }, (n) => ({
      workspaceId: CROWD[n % CROWD.length] ?? "w3",
      agentId: SLOW[Math.floor(n / CROWD.length) % SLOW.length] ?? "slow",
      callId: `many-${n}`,
    }));
    const seen = await whilePublishing(published);
    expect(Math.max(...seen.map((row) => row["in flight of usable"]))).toBeGreaterThan(0.9);
    expect(Math.max(...seen.map((row) => row["in flight of limit"]))).toBeLessThan(0.9);
    expect(Math.max(...seen.map(({ autoscaler }) => autoscaler))).toBeGreaterThan(50);
  }, 240_000);

  test("further deliveries of events with several destinations show as waiting and as late while nobody takes them", async () => {
    await storeEndpoint(platform.client, endpointId(1), { url: receiver.url("/quick-endpoint") });
    const { consumers } = platform.client.jsm;
    await consumers.pause("RETRIES", "dispatcher", new Date(Date.now() + 3_600_000));
    const published = publishSteadily(platform, { events: 200, everyMs: 100 }, (n) => ({
      workspaceId: "w1",
      agentId: "quick",
      callId: `several-${n}`,
    }));
    const seen = await whilePublishing(published);
    expect(seen.at(-1)?.["due and not taken"]).toBeGreaterThan(50);
    expect(seen.at(-1)?.["not taken for, s"]).toBeGreaterThan(8);
    expect(seen.at(-1)?.late).toBeGreaterThan(0.1);
    await consumers.pause("RETRIES", "dispatcher", new Date(Date.now() - 1_000));
    await eventually(async () => (await figures())["due and not taken"] < 10, {
      what: "what was due is taken",
      timeoutMs: 60_000,
      intervalMs: 1_000,
    });
  }, 240_000);
});
