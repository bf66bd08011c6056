import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { COMMON_SECRETS } from "@ringback/runtime/settings/settings";
import { expect, test } from "vitest";
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { restoreSettings } from "../../services/subscriptions/src/backup/backup-settings.ts";
import { subscriptionsSettings } from "../../services/subscriptions/src/config.ts";
import { settingRows } from "../../scripts/settings/rows.ts";
import {
  alertNames,
  ROOT,
  RUNBOOKS,
  runbookBlocks,
  runbookExpressions,
  runbooks,
} from "./mixin.ts";
import { selectorsOf } from "./promql.ts";

const STREAM_NAMES: readonly string[] = Object.values(STREAMS);
const SETTINGS = new Set([
  ...[dispatcherSettings, subscriptionsSettings, restoreSettings].flatMap((shape) =>
    settingRows(shape).map(({ name }) => name),
  ),
  ...COMMON_SECRETS.map((name) => `${name}_FILE`),
  "NODE_OPTIONS",
]);

/** What stands in commands for something that whoever runs them puts in. */
const isPlace = (name: string): boolean =>
  ["ADMIN", "DISPATCHER", "SUBSCRIPTIONS", "WORKSPACE", "SEQ", "NAMESPACE", "POD"].includes(name);

/** What matches in all runbooks but is not as it should be, as `runbook: what`. */
const wrong = (pattern: RegExp, isRight: (found: string) => boolean): string[] =>
  [...runbooks].flatMap(([name, page]) =>
    [...page.matchAll(pattern)]
      .map(([, found = ""]) => found)
      .filter((found) => !isRight(found))
      .map((found) => `${name}: ${found}`),
  );

test("each alert has a runbook, and each runbook an alert", () => {
  expect([...runbooks.keys()].toSorted()).toEqual(alertNames);
});

test("the list of runbooks has them all", () => {
  const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
  expect(alertNames.filter((name) => !list.includes(`(${name}.md)`))).toEqual([]);
});

test("each runbook says what its alert means, whom it hurts, how to look and what to do", () => {
  for (const [name, page] of runbooks) {
    const [title = "", ...sections] = page.split(/^## /m);
    const headings = sections.map((section) => section.split("\n", 1)[0]);
    expect([title.trim(), headings]).toEqual([
      `# ${name}`,
      ["Meaning", "Impact", "Diagnosis", "Mitigation"],
    ]);
    expect(sections.filter((section) => section.split("\n").slice(1).join("").length < 30)).toEqual(
      [],
    );
  }
});

test("each runbook has a question to Prometheus, and each question is PromQL", () => {
  const asking = new Set(runbookBlocks("promql").map(({ runbook }) => runbook));
  expect(alertNames.filter((name) => !asking.has(name))).toEqual([]);
  for (const { expr } of runbookExpressions) expect(selectorsOf(expr).length).toBeGreaterThan(0);
});

test("what is written in capitals is a setting, a stream or a place to fill in", () => {
  expect(
    wrong(/`([A-Z][A-Z0-9_]{4,})`/g, (name) => SETTINGS.has(name) || STREAM_NAMES.includes(name)),
  ).toEqual([]);
  expect(wrong(/\$([A-Z_]+)/g, isPlace)).toEqual([]);
});

test("each path that is asked for is one of the admin port's", () => {
  const server = readFileSync(join(ROOT, "libs/runtime/src/process/admin-server.ts"), "utf8");
  expect(
    wrong(/\$(?:ADMIN|DISPATCHER|SUBSCRIPTIONS)(\/\w+)/g, (path) => server.includes(`"${path}"`)),
  ).toEqual([]);
});

test("each line of the log that is looked for is written by some code", () => {
  const sources = globSync("{libs,services}/*/src/**/*.ts", { cwd: ROOT })
    .map((path) => readFileSync(join(ROOT, path), "utf8"))
    .join("\n");
  expect(wrong(/\.msg == "([^"]+)"/g, (msg) => sources.includes(`"${msg}"`))).toEqual([]);
});

test("levels of the log are asked for by their names, as they are written", () => {
  const lists = runbookBlocks("sh").flatMap(({ text }) => [
    ...text.matchAll(/\.level \| IN\((.*?)\)/g),
  ]);
  const names = lists.flatMap(([, list = ""]) => list.split(", ").map((name) => name.slice(1, -1)));
  expect(names.length).toBeGreaterThan(3);
  expect(names.filter((name) => !["warn", "error", "fatal"].includes(name))).toEqual([]);
  expect(wrong(/(\.level [<=>]+ *\S+)/g, () => false)).toEqual([]);
});

test("each stream and consumer that NATS is asked for is ours", () => {
  expect(
    wrong(
      /\bnats (?:--context operator )?stream (?:info|get|subjects|cluster step-down) (\S+?)[`\s]/g,
      (name) => STREAM_NAMES.includes(name),
    ),
  ).toEqual([]);
  expect(
    wrong(/\bnats (?:--context operator )?consumer (?:info|resume) (\w+ \w+)/g, (name) =>
      /^(EVENTS|RETRIES) dispatcher$/.test(name),
    ),
  ).toEqual([]);
});

test("each make target that is named is there", () => {
  const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
  expect(wrong(/(?:^|`)make ([a-z-]+)/gm, (target) => makefile.includes(`\n${target}:`))).toEqual(
    [],
  );
});

test("each page that is linked is there", () => {
  expect(wrong(/\]\(([^)#]+)/g, (path) => existsSync(join(RUNBOOKS, path)))).toEqual([]);
});

/** Nothing to ask: no process is there, or the trouble is not one of a process. */
const WITHOUT_PROCESS = [
  "RingbackBackupOld",
  "RingbackInstallationGone",
  "RingbackNatsStorageNearLimit",
];

const runbooksWithout = (pattern: RegExp): string[] =>
  [...runbooks].filter(([, page]) => !pattern.test(page)).map(([name]) => name);

test("each runbook of a process says how to reach its admin port, and all but one its log", () => {
  expect(runbooksWithout(/kubectl .*port-forward .*:(908[12]|admin)\b/)).toEqual(WITHOUT_PROCESS);
  expect(runbooksWithout(/kubectl .* logs /)).toEqual([
    "RingbackInstallationGone",
    "RingbackNotScraped",
  ]);
});

test("no step needs a shell in a container, as the images have none", () => {
  const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
  const pages = [...runbooks, ["README", list] as const];
  const inside = /\b(?:kubectl|docker|podman)\b[^\n]*\b(?:exec|attach|cp)\b|kubectl debug/;
  expect(pages.filter(([, page]) => inside.test(page)).map(([name]) => name)).toEqual([]);
});

test("one call with an operator's key delivers again in all workspaces", () => {
  const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
  expect(list).toMatch(/\$api\/workspaces.*\$OPERATOR_KEY[^]*X-Workspace-Id: \$workspace/);
});
