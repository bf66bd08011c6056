import {
  deliverySafetySettings,
  headerSecretSettings,
} from "@ringback/runtime/settings/delivery-settings";
import { eventSettings } from "@ringback/runtime/settings/event-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { tracingSettings } from "@ringback/runtime/telemetry/tracing-settings";
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import {
  backupSettings,
  restoreSettings,
} from "../../services/subscriptions/src/backup/backup-settings.ts";
import { subscriptionsSettings } from "../../services/subscriptions/src/config.ts";
import { type SettingRow, settingRows } from "./rows.ts";

/** Settings that stand together under one heading of the documents. */
export type SettingGroup = { readonly title: string; readonly rows: readonly SettingRow[] };

const shared = [
  { title: "Both: NATS, streams, logs", rows: settingRows(commonSettings) },
  { title: "Both: event types", rows: settingRows(eventSettings) },
  {
    title: "Both: addresses that events may be sent to",
    rows: settingRows(deliverySafetySettings),
  },
  { title: "Both: secrets of subscriptions", rows: settingRows(headerSecretSettings) },
  { title: "Both: traces", rows: settingRows(tracingSettings) },
];
const sharedNames = new Set(shared.flatMap(({ rows }) => rows.map(({ name }) => name)));

/** The rest: what a service's schemas have beyond what both share. */
const ownRows = (rows: readonly SettingRow[]): readonly SettingRow[] =>
  rows.filter(({ name }) => !sharedNames.has(name));

/** Every setting of both services and of the jobs. `ADMIN_PORT` is in each service's group: its defaults differ. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  ...shared,
  { title: "Subscriptions service", rows: ownRows(settingRows(subscriptionsSettings)) },
  { title: "Dispatcher", rows: ownRows(settingRows(dispatcherSettings)) },
  {
    title: "Jobs: backup and restore",
    rows: ownRows(settingRows({ ...backupSettings, ...restoreSettings })),
  },
];
