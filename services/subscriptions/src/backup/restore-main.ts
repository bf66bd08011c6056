import { createLogger } from "@ringback/runtime/telemetry/logger";
import { closeNats, connectNats } from "@ringback/runtime/nats/connection";
import { failAtStart } from "@ringback/runtime/process/process";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { COMMON_SECRETS } from "@ringback/runtime/settings/settings";
import { natsCertificateRule } from "@ringback/runtime/settings/settings-rules";
import manifest from "../../package.json" with { type: "json" };
import { findBackup, listBackups } from "./archive.ts";
import { LIST, restoreSettings } from "./backup-settings.ts";
import { restore } from "./restore.ts";

/** Restores one backup, while both services are stopped; or lists all, without a connection to NATS. */
const main = async (): Promise<void> => {
  const settings = parseSettings(restoreSettings, process.env, COMMON_SECRETS, [
    natsCertificateRule,
  ]);
  const log = createLogger("restore", settings.LOG_LEVEL, manifest.version);
  if (settings.RESTORE_FROM === LIST) {
    for (const one of await listBackups(settings.BACKUP_DIR)) log.info(one, "restore.backup");
    return;
  }
  const folder = await findBackup(settings.BACKUP_DIR, settings.RESTORE_FROM);
  const nats = await connectNats(settings, "ringback-restore", log);
  try {
    const plan = {
      folder,
      streams: settings.RESTORE_STREAMS,
      replace: settings.RESTORE_REPLACE,
    };
    const streams = await restore({ nats, log }, plan);
    log.info({ backup: folder, streams }, "restore.done");
  } finally {
    await closeNats(nats);
  }
};

main().then(
  () => process.exit(),
  (error: unknown) => failAtStart(createLogger("restore", "info", manifest.version), error),
);
