import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { cruise, type IConfiguration, type ICruiseResult } from "dependency-cruiser";
import { beforeAll, expect, test } from "vitest";
import { makeTempDir } from "./harness/temp-dir.ts";

const ROOT = join(import.meta.dirname, "..");
const D = "services/dispatcher/src";
const S = "services/subscriptions/src";

/** From one file to another or to a package; for types alone, where nothing else is said. */
type Import = readonly [from: string, to: string, of?: "values"];

/** Imports that each rule forbids. */
const FORBIDDEN: Readonly<Record<string, readonly Import[]>> = {
  "no-circular": [[`${D}/settle/a.ts`, `${D}/settle/b.ts`]],
  "no-unresolvable": [["cli/src/lost.ts", "cli/src/nowhere.ts"]],
  "no-tests-in-product": [
    ["cli/src/tried.ts", "cli/src/some.test.ts"],
    ["libs/runtime/src/tried.ts", "test/harness/some.ts"],
  ],
  "contracts-are-pure": [
    ["libs/contracts/src/a/reads.ts", "node:fs"],
    ["libs/contracts/src/a/logs.ts", "libs/runtime/src/telemetry/logger.ts"],
  ],
  "decisions-are-pure": [
    [`${D}/settle/decide/loud.ts`, "libs/runtime/src/telemetry/logger.ts"],
    [`${D}/settle/decide/hashes.ts`, "node:crypto"],
    [`${D}/delivery/decide/sends.ts`, `${D}/send/send.ts`],
    [`${S}/redelivery/decide/shell.ts`, `${S}/redelivery/jobs/run-job.ts`],
  ],
  "runtime-without-domain": [
    ["libs/runtime/src/nats/knows.ts", "libs/contracts/src/deliveries/attempt.ts"],
  ],
  "libraries-below-services": [
    ["libs/runtime/src/nats/up.ts", `${D}/config.ts`],
    ["libs/contracts/src/a/up.test.ts", "cli/src/pages.ts"],
  ],
  "cli-on-contracts": [["cli/src/heavy.ts", "libs/runtime/src/telemetry/logger.ts"]],
  "services-apart": [
    [`${D}/intake/other.ts`, `${S}/streams/ask.ts`],
    [`${S}/streams/other.test.ts`, `${D}/send/send.ts`],
  ],
  "root-is-the-top": [
    [`${D}/intake/up.ts`, `${D}/dispatcher.ts`],
    [`${S}/live/up.ts`, `${S}/api.ts`],
  ],
  "console-on-the-api": [
    ["console/src/pages/knows.ts", "libs/contracts/src/deliveries/attempt.ts"],
  ],
  "console-apart": [[`${S}/console/reads.ts`, "console/src/format/duration.ts"]],
  entries: [[`${D}/close-all.ts`, `${D}/main.ts`]],
  "send-imports": [
    [`${D}/send/up.ts`, `${D}/delivery/decide/outcome.ts`],
    [`${D}/send/counts.ts`, `${D}/metrics.ts`],
  ],
  "limits-imports": [[`${D}/limits/decide/up.ts`, `${D}/delivery/decide/outcome.ts`]],
  "delivery-imports": [[`${D}/delivery/up.ts`, `${D}/settle/settle.ts`]],
  "settle-imports": [[`${D}/settle/down.ts`, `${D}/limits/limiter.ts`]],
  "subscriptions-imports": [[`${D}/subscriptions/up.ts`, `${D}/delivery/deliver.ts`]],
  "tracing-imports": [[`${D}/tracing/up.ts`, `${D}/intake/intake.ts`]],
  "repair-imports": [[`${D}/repair/sends.ts`, `${D}/send/send.ts`]],
  "observe-imports": [[`${D}/observe/side.ts`, `${D}/metrics.ts`]],
  "endpoint-health-imports": [[`${D}/endpoint-health/side.ts`, `${D}/repair/repairs.ts`]],
  "order-imports": [[`${D}/order/up.ts`, `${D}/intake/intake.ts`]],
  "intake-imports": [[`${D}/intake/sends.ts`, `${D}/send/send.ts`]],
  "delivery-without-nats": [
    [`${D}/delivery/reads.ts`, "libs/runtime/src/streams/read-batch.ts"],
    [`${D}/delivery/asks.ts`, "@nats-io/jetstream"],
  ],
  "delivery-by-its-types": [[`${D}/repair/delivers.ts`, `${D}/delivery/deliver.ts`, "values"]],
  "sight-imports": [[`${S}/sight/knows.ts`, `${S}/streams/read-stream.ts`]],
  "streams-imports": [[`${S}/streams/up.ts`, `${S}/projection/projection.ts`]],
  "http-imports": [[`${S}/http/knows.ts`, `${S}/agents/agent-commands.ts`]],
  "idempotency-imports": [[`${S}/idempotency/knows.ts`, `${S}/agents/agent-commands.ts`]],
  "projection-imports": [[`${S}/projection/query/up.ts`, `${S}/events/event-state.ts`]],
  "commands-imports": [[`${S}/commands/knows.ts`, `${S}/agents/agent-commands.ts`]],
  "http-at-the-edge": [
    [`${S}/agents/speaks.ts`, "fastify"],
    [`${S}/agents/refuses.ts`, `${S}/http/problem.ts`],
    [`${D}/intake/serves.ts`, "fastify"],
  ],
  "routes-of-their-own": [[`${S}/lists/routes/a.ts`, `${S}/agents/routes/get-agent.ts`]],
  "routes-above-their-feature": [[`${S}/agents/up.ts`, `${S}/agents/routes/get-agent.ts`]],
};

const ALLOWED: readonly Import[] = [
  [`${D}/repair/repairs.ts`, `${D}/delivery/deliver.ts`],
  [`${D}/repair/repairs.ts`, `${D}/delivery/decide/outcome.ts`, "values"],
  [`${D}/main.ts`, `${D}/run.ts`],
  [`${D}/run.ts`, `${D}/dispatcher.ts`],
  [`${D}/intake/handle-event.ts`, `${D}/delivery/deliver.ts`],
  [`${D}/intake/handle-event.ts`, `${D}/metrics.ts`],
  [`${D}/delivery/deliver.ts`, `${D}/send/send.ts`],
  [`${D}/settle/decide/pure.ts`, `${D}/delivery/decide/outcome.ts`],
  [`${D}/delivery/decide/pure.ts`, `${D}/send/result.ts`],
  [`${D}/endpoint-health/judges.ts`, `${D}/send/result.ts`],
  [`${D}/settle/decide/pure.ts`, "libs/contracts/src/deliveries/attempt.ts"],
  ["libs/contracts/src/deliveries/attempt.ts", "zod"],
  ["libs/runtime/src/streams/read-batch.ts", "libs/contracts/src/streams/subjects.ts"],
  ["cli/src/pages.ts", "libs/contracts/src/deliveries/attempt.ts"],
  [`${D}/settle/settle.test.ts`, "test/harness/some.ts"],
  [`${D}/send/send.test.ts`, `${D}/delivery/deliver.ts`],
  [`${S}/api.ts`, `${S}/agents/routes/get-agent.ts`],
  [`${S}/agents/routes/get-agent.ts`, `${S}/http/problem.ts`],
  [`${S}/agents/routes/get-agent.ts`, "fastify"],
  [`${S}/agents/routes/get-agent.ts`, `${S}/agents/agent-commands.ts`],
  [`${S}/agents/routes/run-command.ts`, `${S}/commands/routes/run-request.ts`],
  [`${S}/http/problem.ts`, "fastify"],
];

/** A circle is told of once, where it begins. */
const WAY_BACK: Import = [`${D}/settle/b.ts`, `${D}/settle/a.ts`];
const ORPHAN = `${D}/settle/orphan.ts`;
const MISSING = "cli/src/nowhere.ts";

const isPackage = (path: string): boolean => !/^(libs|services|cli|test)\//.test(path);

/** The files of a checkout with these imports. */
function filesWith(imports: readonly Import[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>([[ORPHAN, []]]);
  for (const [from, to, of] of imports) {
    const name = JSON.stringify(isPackage(to) ? to : `./${relative(dirname(from), to)}`);
    const line = of === "values" ? `import ${name};` : `import type {} from ${name};`;
    files.set(from, [...(files.get(from) ?? []), line]);
    if (!isPackage(to) && to !== MISSING) files.set(to, files.get(to) ?? []);
  }
  return files;
}

let rules: string[] = [];
let violations: readonly { rule: string; from: string; to: string }[] = [];

beforeAll(async () => {
  const file = pathToFileURL(join(ROOT, ".dependency-cruiser.mjs")).href;
  const { default: config } = (await import(file)) as { default: Required<IConfiguration> };
  const baseDir = await makeTempDir("layers");
  await symlink(join(ROOT, "node_modules"), join(baseDir, "node_modules"));
  for (const [path, lines] of filesWith([
    ...Object.values(FORBIDDEN).flat(),
    WAY_BACK,
    ...ALLOWED,
  ])) {
    await mkdir(dirname(join(baseDir, path)), { recursive: true });
    await writeFile(join(baseDir, path), lines.join("\n"));
  }
  const { output } = await cruise(["libs", "services", "cli", "console"], {
    ...config.options,
    baseDir,
    validate: true,
    ruleSet: { forbidden: config.forbidden },
  });
  rules = config.forbidden.map(({ name }) => name ?? "");
  const found = (output as ICruiseResult).summary.violations;
  violations = found.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
});

/** How a path is told of: a package by the file that stands for it. */
const isTold = (told: string, path: string): boolean =>
  told === path ||
  (isPackage(path) && told.includes(path.replace(/^node:/, ""))) ||
  path === MISSING;

const brokenBy = ([from, to]: Import): string[] =>
  violations.filter((one) => one.from === from && isTold(one.to, to)).map(({ rule }) => rule);

test("every rule of who may import whom forbids something here", () => {
  expect([...Object.keys(FORBIDDEN), "no-orphans"].toSorted()).toEqual(rules.toSorted());
});

test.each(Object.entries(FORBIDDEN))(
  "%s is broken by an import that it is there for",
  (rule, of) => {
    for (const one of of) expect(brokenBy(one)).toContain(rule);
  },
);

test("a file that nobody imports and that imports nobody is found", () => {
  const orphans = violations.filter(({ rule }) => rule === "no-orphans");
  expect(orphans.map(({ from }) => from)).toEqual([ORPHAN]);
});

test.each(ALLOWED.map((one) => [one.slice(0, 2).join(" → "), one] as const))(
  "%s breaks no rule",
  (_, one) => {
    expect(brokenBy(one)).toEqual([]);
  },
);
