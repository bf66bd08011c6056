import { readFileSync } from "node:fs";
import { deliverySafetySettings } from "@ringback/runtime/settings/delivery-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { expect, test } from "vitest";
import { dispatcherSettings } from "../services/dispatcher/src/config.ts";
import { subscriptionsSettings } from "../services/subscriptions/src/config.ts";
import { settingCells, settingRows, type SettingRow } from "./harness/process/setting-defaults.ts";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

/** The lines under a heading with this word, up to the next one of the same level or above. */
const sectionOf = (markdown: string, word: RegExp): string[] => {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && word.test(line));
  if (start < 0) throw new Error(`no heading of README.md matches ${word}: the table is under it`);
  const level = lines[start]?.indexOf(" ") ?? 0;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return end < 0 ? rest : rest.slice(0, end);
};

/** Name and default of each row `| \`NAME\` | default | meaning |`. */
const rowsOf = (lines: readonly string[]): string[] =>
  lines
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, name = ""]) => /^`[A-Z][A-Z0-9_]*`$/.test(name))
    .map(([, name = "", byDefault = ""]) => `${name} ${byDefault}`);

const services: readonly (readonly SettingRow[])[] = [
  settingRows(subscriptionsSettings),
  settingRows(dispatcherSettings),
];
const every = [
  ...new Map(services.flat().map((row) => [settingCells(row).join(" "), row])).values(),
];

test("README's tables have every setting with its default, and no other", () => {
  const inReadme = rowsOf(sectionOf(read("README.md"), /settings/i));
  const inSchemas = every.map((row) => settingCells(row).join(" "));
  expect(inReadme.toSorted()).toEqual(inSchemas.toSorted());
});

test("README says what each setting means", () => {
  const lines = sectionOf(read("README.md"), /settings/i);
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  const empty = rows.filter(([, name = ""]) => name.startsWith("`")).filter((row) => row[3] === "");
  expect(empty).toEqual([]);
});

test(".env.example names every setting, and gives no other value than the default", () => {
  const found = [...read(".env.example").matchAll(/^(#?)\s*([A-Z][A-Z0-9_]*)=(.*)$/gm)];
  const named = new Set(found.map(([, , name = ""]) => name));
  const known = new Set(every.map(({ name }) => name));
  expect([...named].toSorted()).toEqual([...known].toSorted());
  const others = found.filter(([, comment, name, value]) => {
    const rows = every.filter((row) => row.name === name);
    const isRequired = rows.some((row) => row.default === null);
    const isDefault = value === "" || rows.some((row) => row.default === value);
    return comment === "" && !isRequired && !isDefault;
  });
  expect(others.map(([line]) => line)).toEqual([]);
});

test("what both services share is the same in both", () => {
  const shared = Object.keys({ ...commonSettings, ...deliverySafetySettings });
  const differing = shared.filter((name) => {
    const [one, other] = services.map((rows) => rows.find((row) => row.name === name));
    return one === undefined || JSON.stringify(one) !== JSON.stringify(other);
  });
  expect(differing).toEqual([]);
});

const byDefault = (name: string) =>
  every.filter((row) => row.name === name).map((row) => row.default);

test("each default is read from the schema as the environment's text", () => {
  expect(byDefault("ADMIN_PORT")).toEqual(["9081", "9082"]);
  expect(byDefault("RETRY_DELAYS")).toEqual(["10s,1m,2m"]);
  expect(byDefault("ALLOWED_PRIVATE_CIDRS")).toEqual([""]);
  expect(byDefault("NATS_CREDS_FILE")).toEqual([""]);
  expect(byDefault("API_KEYS_FILE")).toEqual([null]);
});
