import type { SettingsShape } from "@ringback/runtime/settings/settings";
import type { z } from "zod";

/** A setting as a table of settings shows it. */
export interface SettingRow {
  readonly name: string;
  /** The text that stands for it in the environment; `null`: it has to be given. */
  readonly default: string | null;
  readonly meaning: string;
}

/** What a service's schemas say of its settings, in their order. */
export function settingRows(shape: SettingsShape): SettingRow[] {
  return Object.entries(shape).map(([name, schema]) => ({
    name,
    default: defaultOf(schema),
    meaning: schema.description ?? "",
  }));
}

/** The row's first two cells, as they stand in a Markdown table. */
export function settingCells(row: SettingRow): readonly [string, string] {
  return [code(row.name), row.default === null ? "required" : code(row.default)];
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

/** The environment's text that gives the default; "" where leaving it out means that there is none. */
function defaultOf(schema: z.ZodType): string | null {
  const { def } = schema as z.ZodPrefault | z.ZodOptional | z.ZodString;
  if (def.type === "prefault") return String(def.defaultValue);
  return def.type === "optional" ? "" : null;
}
