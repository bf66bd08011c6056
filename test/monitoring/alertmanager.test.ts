import { join } from "node:path";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runCommand } from "../../scripts/command.ts";
import { findAlertmanager } from "../../scripts/prometheus/alertmanager.ts";
import { eventually } from "../harness/eventually.ts";
import { freePorts } from "../harness/free-ports.ts";
import { spawnTracked, type TrackedChild } from "../harness/process/child-process.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { alertNames, ROOT } from "./mixin.ts";

failOnLeaks();

const CONFIG = join(ROOT, "deploy/monitoring/alertmanager.yaml");
const tools = await findAlertmanager();
const orWhyNot = tools.kind === "found" ? "" : ` (SKIPPED, no Alertmanager here: ${tools.reason})`;

interface Inhibition {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
}

test("every alert that an inhibition names is there", () => {
  const { inhibit_rules: rules } = parse(readFileSync(CONFIG, "utf8")) as {
    inhibit_rules: readonly Inhibition[];
  };
  const matchers = rules.flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers]);
  const named = matchers
    .filter((matcher) => matcher.startsWith("alertname") && !matcher.includes("Ringback.+"))
    .flatMap((matcher) => [...matcher.matchAll(/Ringback(?:\(([^)]+)\)|(\w+))/g)])
    .flatMap(([, several = "", one = ""]) => [...several.split("|"), one])
    .filter((name) => name !== "");
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !alertNames.includes(`Ringback${name}`))).toEqual([]);
});

describe.skipIf(tools.kind === "absent")(`in a real Alertmanager${orWhyNot}`, () => {
  let server: TrackedChild;
  let url = "";

  beforeAll(async () => {
    if (tools.kind === "absent") return;
    const [port] = await freePorts(1);
    url = `http://127.0.0.1:${port}/api/v2`;
    const [command, ...before] = tools.alertmanager;
    server = await spawnTracked(
      command,
      [
        ...before,
        `--config.file=${CONFIG}`,
        `--storage.path=${await makeTempDir("alertmanager")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
      { stdio: "ignore" },
    );
    await eventually(async () => (await fetch(`${url}/status`)).ok, { timeoutMs: 60_000 });
  });

  afterAll(() => server?.kill());

  test("amtool takes the file", async () => {
    if (tools.kind === "absent") return;
    const result = await runCommand(tools.amtool, ["check-config", CONFIG], { timeoutMs: 30_000 });
    expect(result).toMatchObject({ kind: "exited", code: 0 });
  });

  /** Which of these fire and are not silenced, in that installation, as `alert severity`. */
  const heard = async (
    namespace: string,
    alerts: readonly (readonly [alert: string, severity: string, more?: object])[],
  ): Promise<readonly string[]> => {
    const body = alerts.map(([alert, severity, more]) => ({
      labels: { alertname: `Ringback${alert}`, severity, namespace, fault: "platform", ...more },
    }));
    const headers = { "content-type": "application/json" };
    await fetch(`${url}/alerts`, { method: "POST", headers, body: JSON.stringify(body) });
    type Shown = { labels: Record<string, string>; status: { state: string } };
    const filter = encodeURIComponent(`namespace="${namespace}"`);
    return eventually(async () => {
      const shown = (await (await fetch(`${url}/alerts?filter=${filter}`)).json()) as Shown[];
      if (shown.length < alerts.length) return null;
      return shown
        .filter(({ status }) => status.state !== "suppressed")
        .map(({ labels }) => `${labels["alertname"]} ${labels["severity"]}`)
        .toSorted();
    });
  };

  test("a page silences the ticket about the same, and of no other stream", async () => {
    const found = await heard("same", [
      ["StreamNearLimit", "critical", { stream: "EVENTS" }],
      ["StreamNearLimit", "warning", { stream: "EVENTS" }],
      ["StreamFillsUp", "warning", { stream: "EVENTS" }],
      ["StreamNearLimit", "warning", { stream: "RETRIES" }],
    ]);
    expect(found).toEqual(["RingbackStreamNearLimit critical", "RingbackStreamNearLimit warning"]);
  });

  test("without NATS only that is said", async () => {
    const found = await heard("nats", [
      ["NatsDisconnected", "critical", { scope: "installation" }],
      ["NoDispatcherReady", "critical"],
      ["SubscriptionsViewOld", "warning"],
      ["ApiErrors", "critical"],
      ["FirstAttemptsLate", "critical"],
      ["MemoryNearLimit", "warning"],
    ]);
    expect(found).toEqual(["RingbackMemoryNearLimit warning", "RingbackNatsDisconnected critical"]);
  });

  test("one process without NATS silences what it tells of itself, and nothing of others", async () => {
    const one = { job: "dispatcher", instance: "d1" };
    const other = { job: "dispatcher", instance: "d2" };
    const critical = ["ApiErrors", "DeliveringStopped", "OwnFaults", "RetriesOverdue"];
    const found = await heard("one-process", [
      ["NatsDisconnected", "critical", { ...one, scope: "process" }],
      ["SubscriptionsViewOld", "warning", one],
      ["NotReady", "warning", other],
      ...critical.map((alert) => [alert, "critical"] as const),
    ]);
    expect(found).toEqual(
      [
        ...critical.map((alert) => `Ringback${alert} critical`),
        "RingbackNatsDisconnected critical",
        "RingbackNotReady warning",
      ].toSorted(),
    );
  });

  test("what was lost is told, whatever else is", async () => {
    const found = await heard("lost", [
      ["NatsDisconnected", "critical", { scope: "installation" }],
      ["DispatcherMissing", "critical"],
      ["AuditLost", "critical"],
      ["OperationsDropped", "warning"],
    ]);
    expect(found).toHaveLength(4);
  });

  test("NATS that is away silences nothing of another installation", async () => {
    await heard("one", [["NatsDisconnected", "critical", { scope: "installation" }]]);
    expect(await heard("another", [["ApiErrors", "critical"]])).toEqual([
      "RingbackApiErrors critical",
    ]);
  });

  test("a dispatcher that is missing is not told as a target, too, and many customers not one by one", async () => {
    const found = await heard("missing", [
      ["DispatcherMissing", "critical"],
      ["TargetDown", "warning", { instance: "d1" }],
      ["BacklogGrowing", "warning"],
      ["ManyWorkspacesFailing", "critical"],
      ["WorkspaceFailing", "warning", { workspace_id: "w1", fault: "customer" }],
    ]);
    expect(found).toEqual([
      "RingbackDispatcherMissing critical",
      "RingbackManyWorkspacesFailing critical",
    ]);
  });
});
