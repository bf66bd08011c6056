import type { SettingsShape } from "@ringback/runtime/settings/settings";
import type { z } from "zod";

/** A setting as a document shows it. */
export type SettingRow = {
  readonly name: string;
  /** The environment's text for the default; "" is no value, `null`: the setting is required. */
  readonly default: string | null;
  readonly meaning: string;
};

/** What the schemas say of their settings, in their order. */
export const settingRows = (shape: SettingsShape): SettingRow[] =>
  Object.entries(shape).map(([name, schema]) => ({
    name,
    default: defaultOf(schema),
    meaning: schema.description ?? "",
  }));

const defaultOf = (schema: z.ZodType): string | null => {
  const { def } = schema as z.ZodPrefault | z.ZodOptional | z.ZodString;
  if (def.type === "prefault") return String(def.defaultValue);
  return def.type === "optional" ? "" : null;
};
