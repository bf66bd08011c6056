import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { parseMetrics } from "../harness/process/prometheus-text.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import {
  alerts,
  panelExpressions,
  recordingRules,
  ruleFiles,
  runbookExpressions,
} from "./mixin.ts";
import { firingAbout, isOfOthers, withoutData } from "./observed.ts";
import { drawPictures } from "./pictures.ts";
import { type Prometheus, startPrometheus } from "./prometheus-server.ts";
import { selectorsOf, withoutVariables } from "./promql.ts";
import { orWhyNot, promtoolReading, tools } from "./promtool.ts";
import { shortened } from "./shortened.ts";
import { steadyLoad } from "./steady-load.ts";

failOnLeaks();

/** `make monitoring-proof` watches each state for this long and draws what was seen. */
const PICTURES = process.env["MONITORING_PICTURES"];
const WATCHED_MS = PICTURES === undefined ? 0 : 40_000;

let platform: Platform;
let receiver: Receiver;
let prometheus: Prometheus | undefined;
let load: { stop: () => Promise<void> };
const pages: Record<string, string> = {};

const wellBut =
  (failing: number): Script =>
  ({ path }) =>
    status(path.startsWith("/w3") ? failing : 200);

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      workspaces: ["w1", "w2", "w3"],
      env: { EVENTS_MAX_BYTES: "20MiB", PROJECTION_MAX_BYTES: "100MiB" },
      dispatcherEnv: { RETRY_DELAYS: "500ms,1s" },
    }),
    startReceiver(wellBut(200)),
  ]);
  for (const workspaceId of ["w1", "w2", "w3"]) {
    await platform.subscribe(
      [
        {
          event_type: ["call_completed", "recording_completed"],
          callback_url: receiver.url(`/${workspaceId}`),
        },
      ],
      { workspaceId },
    );
  }
  load = steadyLoad(platform);
  if (tools.kind === "absent") return;
  prometheus = await startPrometheus({
    binary: tools.prometheus,
    jobs: {
      dispatcher: platform.dispatchers.map((service) => service.adminUrl()),
      subscriptions: [platform.subscriptions.adminUrl()],
    },
    groups: shortened(ruleFiles),
  });
});

afterAll(async () => {
  await prometheus?.stop();
  await load.stop();
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** The real pages, once every stream was looked at and every workspace seen. */
const scrape = (): Promise<string> =>
  eventually(
    async () => {
      const services = {
        dispatcher: platform.dispatchers[0],
        subscriptions: platform.subscriptions,
      };
      for (const [name, service] of Object.entries(services)) {
        pages[name] = (await service?.get("/metrics"))?.text ?? "";
      }
      const all = Object.values(pages).join("\n");
      const said = ['stream="LEASES"', 'workspace_id="w3"', "\nringback_retry_overdue_seconds "];
      return said.every((text) => all.includes(text)) ? all : null;
    },
    { what: "the pages have every series" },
  );

/** What Prometheus adds to every series, or makes itself. */
const OF_PROMETHEUS = ["namespace", "job", "instance", "le", "pod", "component"];
const MADE_BY_PROMETHEUS = new Set(["up", "ALERTS", ...recordingRules.map(({ record }) => record)]);

test("alerts, dashboards and runbooks read only metrics and labels that the services export", async () => {
  const { series } = parseMetrics(await scrape());
  const known = new Map(series.map(({ name, labels }) => [name, Object.keys(labels)]));
  const read = [...alerts, ...recordingRules, ...panelExpressions, ...runbookExpressions].flatMap(
    ({ expr }) => selectorsOf(withoutVariables(expr)),
  );
  const unknown = read.filter(({ metric, labels }) => {
    if (MADE_BY_PROMETHEUS.has(metric) || isOfOthers(metric)) return false;
    const found = known.get(metric);
    const may = [...OF_PROMETHEUS, ...(found ?? [])];
    return found === undefined || labels.some((label) => !may.includes(label));
  });
  expect([read.length > 100, unknown]).toEqual([true, []]);
});

const server = (): Prometheus => {
  if (prometheus === undefined) throw new Error("Prometheus was not started");
  return prometheus;
};

describe.skipIf(tools.kind === "absent")(`in a real Prometheus${orWhyNot}`, () => {
  test.each(["dispatcher", "subscriptions"])(
    "promtool has nothing to say against the page of the %s",
    async (name) => {
      await scrape();
      const file = await writeTempFile("page.txt", pages[name] ?? "");
      expect(promtoolReading(file, ["check", "metrics"])).toEqual({ code: 0, said: "" });
    },
  );

  test("every rule and every panel has data while one endpoint fails, and the alerts about it fire until it is well again", async () => {
    const startedSeconds = Date.now() / 1_000;
    await watched(startedSeconds);
    expect(await firingAbout("w3", server())).toEqual([]);
    receiver.setScript(wellBut(500));
    await eventually(
      async () => expect(await firingAbout("w3", server())).toContain("RingbackWorkspaceFailing"),
      {
        what: "the alert about the failing endpoint fires",
        timeoutMs: 60_000,
        intervalMs: 500,
      },
    );
    const unsaid = await withoutData(server());
    expect(unsaid).toEqual([]);
    await watched(Date.now() / 1_000);
    const told = (await server().firing()).find(
      ({ labels }) => labels["alertname"] === "RingbackWorkspaceFailing",
    );
    expect(told?.labels).toMatchObject({ workspace_id: "w3", fault: "customer" });
    expect(told?.annotations["description"]).toMatch(/^\d+(\.\d+)?% of its attempts/);
    // What is wrong is what pictures are for.
    if (PICTURES !== undefined) await drawPictures(PICTURES, server(), startedSeconds);
    receiver.setScript(wellBut(200));
    await eventually(async () => expect(await firingAbout("w3", server())).toEqual([]), {
      what: "the alerts about the endpoint stop",
      timeoutMs: 90_000,
      intervalMs: 500,
    });
    await watched(Date.now() / 1_000);
    expect(await server().brokenRules()).toEqual([]);
  }, 300_000);

  test("a dispatcher that dies is missed", async () => {
    await platform.dispatchers[0]?.kill();
    await eventually(
      async () => {
        const names = (await server().firing()).map(({ labels }) => labels["alertname"]);
        expect(names).toEqual(
          expect.arrayContaining(["RingbackTargetDown", "RingbackDispatcherMissing"]),
        );
      },
      { what: "the alerts about the dispatcher fire", timeoutMs: 60_000, intervalMs: 500 },
    );
  });
});

/** Where pictures are drawn, each state lasts for a while. */
const watched = (fromSeconds: number): Promise<unknown> =>
  eventually(() => Date.now() >= fromSeconds * 1_000 + WATCHED_MS, {
    what: "enough was seen",
    timeoutMs: WATCHED_MS + 10_000,
    intervalMs: 500,
  });
