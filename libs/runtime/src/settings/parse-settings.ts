import { readFileSync } from "node:fs";
import type { Environment, Settings, SettingsRule, SettingsShape } from "./settings.ts";
import { unknownSettings, unknownSettingText } from "./unknown-settings.ts";

/** All problems of an environment; the message has a line for each setting. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * Parses the settings in an environment, and checks the `rules`. Throws one SettingsError with all problems, and with
 * variables that are no settings though their names are like ones. Empty values count as not set. Messages never repeat
 * values of `secrets`.
 */
export const parseSettings = <Shape extends SettingsShape>(
  shape: Shape,
  environment: Environment,
  secrets: readonly string[] = [],
  rules: readonly SettingsRule[] = [],
): Settings<Shape> => {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(shape)) {
    const given = environment[name];
    if (given !== undefined && given !== "") values[name] = given;
  }
  for (const name of secrets) {
    const problem = readSecretFile(name, environment, values);
    if (problem !== undefined) problems.push(problem);
  }
  const valid: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const parsed = schema.safeParse(values[name]);
    if (parsed.success) valid[name] = parsed.data;
    const shown = secrets.includes(name) || !(name in values) ? "" : ` (got '${values[name]}')`;
    for (const { message } of parsed.error?.issues ?? []) {
      problems.push(`${name}: ${message}${message.includes("'") ? "" : shown}`);
    }
  }
  problems.push(...rules.flatMap((rule) => rule(values, valid) ?? []));
  if (problems.length === 0) return valid as Settings<Shape>;
  problems.push(...unknownSettings(namesOf(shape, secrets), environment).map(unknownSettingText));
  throw new SettingsError(problems.join("\n"));
};

/** The names that a service reads. */
export const namesOf = (shape: SettingsShape, secrets: readonly string[]): readonly string[] => [
  ...Object.keys(shape),
  ...secrets.map((name) => `${name}_FILE`),
];

const readSecretFile = (
  name: string,
  environment: Environment,
  values: Record<string, string>,
): string | undefined => {
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === "") return undefined;
  if (name in values) return `${name}: is set, and ${name}_FILE too: expected one of them`;
  try {
    values[name] = readFileSync(file, "utf8").trim();
    return undefined;
  } catch (error) {
    return `${name}_FILE: ${error instanceof Error ? error.message : String(error)}`;
  }
};
