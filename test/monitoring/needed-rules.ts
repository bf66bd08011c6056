import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { makeTempDir } from "../harness/temp-dir.ts";
import type { AlertRule, RecordingRule, RuleFile } from "./mixin.ts";
import { selectorsOf } from "./promql.ts";

type Rule = AlertRule | RecordingRule;
type Groups = RuleFile["groups"];

/** A file of `promtool test rules`, as far as it is read here. */
interface RuleTests {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string }[];
  }[];
}

/**
 * The tests of a file of `promtool test rules`, one file for each alert, with the rules that this alert needs.
 * promtool evaluates every rule at every step of every test, and most of its time goes to rules that the
 * test does not ask about. Gives the files' paths; throws where a rule file is not there.
 */
export async function testsByAlert(path: string): Promise<readonly string[]> {
  const { rule_files: ruleFiles, tests, ...others } = asWritten(path) as RuleTests;
  const groups = ruleFiles.flatMap(
    (file) => (asWritten(resolve(dirname(path), file)) as Pick<RuleFile, "groups">).groups,
  );
  const folder = await makeTempDir("rule-tests");
  const byAlerts = Map.groupBy(tests, ({ alert_rule_test: checks }) =>
    [...new Set(checks.map(({ alertname }) => alertname))].join("-"),
  );
  return Promise.all(
    [...byAlerts].map(async ([names, some]) => {
      const [testFile, rules] = [`${names}.yaml`, `rules-of-${names}.yaml`];
      await writeFile(
        join(folder, rules),
        stringify({ groups: neededBy(new Set(names.split("-")), groups) }),
      );
      const file = { ...others, rule_files: [rules], tests: some };
      await writeFile(join(folder, testFile), stringify(file));
      return join(folder, testFile);
    }),
  );
}

/** Every value as the text that it is: `0x20` is twenty-one samples to promtool, and 32 to YAML. */
const asWritten = (path: string): unknown =>
  parse(readFileSync(path, "utf8"), { schema: "failsafe" });

/** The groups with those rules only that these alerts are judged by, in their order. */
function neededBy(alerts: ReadonlySet<string>, groups: Groups): Groups {
  const all = groups.flatMap(({ rules }) => rules);
  const needed = new Set<Rule>(all.filter((rule) => "alert" in rule && alerts.has(rule.alert)));
  // A set hands out what is added to it meanwhile.
  for (const { expr } of needed) {
    const read = new Set(selectorsOf(expr).map(({ metric }) => metric));
    for (const rule of all) if ("record" in rule && read.has(rule.record)) needed.add(rule);
  }
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => needed.has(rule)) }))
    .filter(({ rules }) => rules.length > 0);
}
