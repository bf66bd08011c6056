import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alerts, ROOT, RUNBOOKS, runbookExpressions, runbooks } from "../mixin.ts";
import { selectorsOf } from "../promql.ts";

const COMPONENTS = ["dispatcher", "subscriptions"] as const;

const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
const pages: ReadonlyMap<string, string> = new Map([...runbooks, ["README", list]]);

/** What the texts of an alert say of its labels, and what it reads. */
const alertOf = (name: string): { readonly texts: string; readonly exprs: string } => {
  const rules = alerts.filter(({ alert }) => alert === name);
  return {
    texts: rules.map(({ annotations }) => JSON.stringify(annotations)).join("\n"),
    exprs: rules.map(({ expr }) => expr).join("\n"),
  };
};

const manifest = (path: string): string =>
  readFileSync(join(ROOT, "deploy/k8s/base", path), "utf8");

/** The admin port of a component's pods, by its number and by its name. */
const adminPort = (component: string): string => {
  const text = manifest(`${component}/deployment.yaml`);
  expect(text).toContain("- name: admin");
  return /- name: admin\n +containerPort: (\d+)/.exec(text)?.[1] ?? "";
};

/** Ports on both sides, by what is reached. What is not in here is not there. */
const FORWARDS: Readonly<Record<string, readonly string[]>> = {
  "deployment/ringback-dispatcher": [`${adminPort("dispatcher")}:${adminPort("dispatcher")}`],
  "deployment/ringback-subscriptions": [
    `${adminPort("subscriptions")}:${adminPort("subscriptions")}`,
  ],
  "service/ringback-subscriptions": ["8080:80"],
  "service/nats": ["4222:4222"],
};

/** Whose metrics an expression reads; none where both have them, or neither. */
const ownerOf = (expr: string): string | undefined => {
  const owners = COMPONENTS.filter((component) => {
    const sources = globSync(`services/${component}/src/**/*.ts`, { cwd: ROOT })
      .filter((path) => !path.endsWith(".test.ts"))
      .map((path) => readFileSync(join(ROOT, path), "utf8"))
      .join("\n");
    return selectorsOf(expr).some(({ metric }) => sources.includes(`"${metric}"`));
  });
  return owners.length === 1 ? owners[0] : undefined;
};

/** The ports by which a pod of an alert is reached: by name where it may be a pod of either component. */
const podPorts = (name: string): readonly string[] => {
  const { texts, exprs } = alertOf(name);
  if (texts.includes("$labels.component")) return ["9080:admin"];
  const port = adminPort(ownerOf(exprs) ?? "dispatcher");
  return [`${port}:${port}`];
};

test("each port that is forwarded is one of what is named", () => {
  const wrong = [...pages].flatMap(([name, page]) =>
    [...page.matchAll(/port-forward "?([\w/$-]+)"? (\S+)/g)]
      .filter(([, what = "", ports = ""]) => {
        const known = what === "pod/$POD" ? podPorts(name) : (FORWARDS[what] ?? []);
        return !known.includes(ports);
      })
      .map(([line]) => `${name}: ${line}`),
  );
  expect(wrong).toEqual([]);
  expect(manifest("subscriptions/service.yaml")).toMatch(/port: 80\n +targetPort: http/);
});

test("labels that a command puts in are labels of the alert, or the page says what to put in", () => {
  const without = [...runbooks].filter(([name, page]) => {
    const { texts } = alertOf(name);
    const lacks = (place: string, label: string): boolean =>
      page.includes(`$${place}`) &&
      !texts.includes(`$labels.${label}`) &&
      !new RegExp(`^${place}=`, "m").test(page);
    return (
      lacks("NAMESPACE", "namespace") || lacks("POD", "pod") || lacks("WORKSPACE", "workspace_id")
    );
  });
  expect(without.map(([name]) => name)).toEqual([]);
});

test("the namespace of an alert that an exporter of NATS's tells is not Ringback's", () => {
  const wrong = [...runbooks].filter(
    ([name, page]) =>
      alertOf(name).exprs.includes("_varz_") && /\$NAMESPACE".*(ringback-|component=)/.test(page),
  );
  expect(wrong.map(([name]) => name)).toEqual([]);
});

test("a port that is asked was forwarded before, and a log that is read was written before", () => {
  const wrong = [...runbooks].flatMap(([name, page]) => [
    ...[...page.matchAll(/\$(ADMIN|DISPATCHER|SUBSCRIPTIONS)\//g)]
      .filter(({ 1: place, index }) => !page.slice(0, index).includes(`${place}=http`))
      .map(([found]) => `${name}: ${found}`),
    ...[...page.matchAll(/^(?:jq|grep) .* (\w+\.log)\b/gm)]
      .filter(({ 1: log, index }) => !page.slice(0, index).includes(`> ${log}`))
      .map(([found]) => `${name}: ${found}`),
  ]);
  expect(wrong).toEqual([]);
});

test("logs are asked for as any kubectl and any kind of workload gives them", () => {
  const wrong = [...pages].flatMap(([name, page]) =>
    [...page.matchAll(/kubectl .* logs (.*)/g)]
      .filter(([, rest = ""]) => !isLogOfAll(rest) && !/^("pod\/\$POD"|nats-0 -c nats)/.test(rest))
      .map(([line]) => `${name}: ${line}`),
  );
  expect(wrong).toEqual([]);
});

/** A selector alone gives ten lines of each pod. */
const isLogOfAll = (rest: string): boolean =>
  /^--selector app\.kubernetes\.io\/component=(dispatcher|subscriptions|backup) --tail[= ]-?\d+/.test(
    rest,
  );

test("a stream is restored by its name, as all would set back the others", () => {
  const wrong = [...runbooks].filter(
    ([, page]) =>
      /stream was deleted|deleted stream|StreamLostError/i.test(page) &&
      !(page.includes("RESTORE_STREAMS") && page.includes("procedures.md#restore")),
  );
  expect(wrong.map(([name]) => name)).toEqual([]);
});

/** Of two metrics with the same labels `or` shows the first alone. */
test("no question joins metrics by `or`, but those of one exporter by two names", () => {
  const joined = runbookExpressions.filter(({ expr }) =>
    / or /.test(expr.replaceAll(/\bnats_(\w+) or gnatsd_\1\b/g, "")),
  );
  expect(joined).toEqual([]);
});

test("whoever reads that the age of events may be shortened reads that it deletes what waits", () => {
  const wrong = [...runbooks].filter(
    ([name, page]) =>
      /(shorten|lower)\w* `EVENTS_MAX_AGE`|`EVENTS_MAX_AGE` may be shortened/i.test(page) &&
      name !== "RingbackStreamNearLimit" &&
      !page.includes("RingbackStreamNearLimit.md#mitigation"),
  );
  expect(wrong.map(([name]) => name)).toEqual([]);
  expect(runbooks.get("RingbackStreamNearLimit")).toMatch(
    /It deletes events.*[^]*ringback_first_attempts_waiting_oldest_seconds/,
  );
});
