import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { runCommand } from "../../scripts/command.ts";
import { findPrometheus } from "../../scripts/prometheus.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

/** Looked for once for each test file; fetched when it is not here yet. */
export const tools = await findPrometheus();

/** What a test's title ends with where it is skipped, so that nobody overlooks it. */
export const orWhyNot =
  tools.kind === "found" ? "" : ` (SKIPPED, no Prometheus here: ${tools.reason})`;

/** Runs promtool to its end; what it says, and its exit code. */
export const promtool = async (
  args: readonly string[],
): Promise<{ readonly code: number; readonly said: string }> => {
  if (tools.kind === "absent") throw new Error(tools.reason);
  const result = await runCommand(tools.promtool, args, { timeoutMs: 60_000 });
  if (result.kind === "not_run") throw new Error(result.reason);
  return { code: result.code, said: `${result.stdout}\n${result.stderr}` };
};

/** The same with a file as its input, as `promtool check metrics` wants it. */
export const promtoolReading = (
  path: string,
  args: readonly string[],
): { readonly code: number | null; readonly said: string } => {
  if (tools.kind === "absent") throw new Error(tools.reason);
  const options = { input: readFileSync(path), encoding: "utf8", timeout: 60_000 } as const;
  const { status: code, stdout, stderr } = spawnSync(tools.promtool, args, options);
  return { code, said: `${stdout}${stderr}`.trim() };
};

/** Writes rule groups to a file of their own and gives its path. */
export const ruleFile = async (groups: readonly object[]): Promise<string> => {
  const path = join(await makeTempDir("rules"), "rules.yaml");
  await writeFile(path, stringify({ groups }));
  return path;
};
