import { readFileSync } from "node:fs";
import { deliverySafetySettings } from "@ringback/runtime/settings/delivery-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { unknownSettings } from "@ringback/runtime/settings/unknown-settings";
import { expect, test } from "vitest";
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import {
  backupSettings,
  restoreSettings,
} from "../../services/subscriptions/src/backup/backup-settings.ts";
import { subscriptionsSettings } from "../../services/subscriptions/src/config.ts";
import { staleness } from "../../scripts/generated-file.ts";
import { SETTINGS_FILES } from "../../scripts/settings/documents.ts";
import { settingRows } from "../../scripts/settings/rows.ts";

const services = [settingRows(subscriptionsSettings), settingRows(dispatcherSettings)];
const jobs = settingRows({ ...backupSettings, ...restoreSettings });
const every = services.flat();
const names = new Set([...every, ...jobs].map(({ name }) => name));

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test.each(SETTINGS_FILES)(
  "$path is as the services' schemas are: `make settings`",
  async (file) => {
    expect(await staleness(file)).toBeUndefined();
  },
);

test("both documents name every setting, and no other", () => {
  const inPage = [...read("docs/settings.md").matchAll(/^- \*\*`(\w+)`\*\*/gm)];
  const inExample = [...read(".env.example").matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)];
  for (const found of [inPage, inExample]) {
    expect(new Set(found.map(([, name]) => name))).toEqual(names);
  }
});

test("every setting says what it is for", () => {
  const all = [...every, ...jobs];
  expect(all.filter(({ meaning }) => meaning.length < 10)).toEqual([]);
  expect(all.filter(({ meaning }) => meaning.endsWith("."))).toEqual([]);
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
  expect(new Set(byDefault("ALLOWED_PRIVATE_CIDRS"))).toEqual(new Set([""]));
  expect(new Set(byDefault("NATS_CREDS_FILE"))).toEqual(new Set([""]));
  expect(byDefault("API_KEYS_FILE")).toEqual([null]);
});

test("services may share one environment: no setting of one is like a setting of the other", () => {
  const all = Object.fromEntries([...names].map((name) => [name, "1"]));
  for (const own of services) {
    const set = new Set(own.map(({ name }) => name));
    // As if none of this service's own were set: then each of the other's is compared with all of them.
    const others = Object.fromEntries(Object.entries(all).filter(([name]) => !set.has(name)));
    expect(unknownSettings([...set], others)).toEqual([]);
  }
});
