import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { expect, test } from "vitest";
import { backupSettings, restoreSettings } from "./backup-settings.ts";

const common = { NATS_URL: "nats://127.0.0.1:1", BACKUP_DIR: "/backups" };

test("a stream that is named twice is copied and restored once, and another name is refused", () => {
  const streams = "EVENTS, AUDIT,EVENTS";
  const { BACKUP_STREAMS } = parseSettings(backupSettings, { ...common, BACKUP_STREAMS: streams });
  const { RESTORE_STREAMS } = parseSettings(restoreSettings, {
    ...common,
    RESTORE_STREAMS: streams,
  });
  expect([BACKUP_STREAMS, RESTORE_STREAMS]).toEqual([
    ["EVENTS", "AUDIT"],
    ["EVENTS", "AUDIT"],
  ]);
  expect(() => parseSettings(backupSettings, { ...common, BACKUP_STREAMS: "EVENT" })).toThrow(
    "'EVENT' is not a list of",
  );
});
