import { createLogger, type Logger } from "@ringback/runtime/telemetry/logger";
import { closeNats, connectNats } from "@ringback/runtime/nats/connection";
import { failAtStart } from "@ringback/runtime/process/process";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { COMMON_SECRETS } from "@ringback/runtime/settings/settings";
import { natsCertificateRule } from "@ringback/runtime/settings/settings-rules";
import manifest from "../../package.json" with { type: "json" };
import { backUp } from "./backup.ts";
import { backupSettings } from "./backup-settings.ts";
import { pushSuccess } from "./push-metric.ts";

const now = (): Date => new Date();

/** Makes one backup. Whoever ends it before its end leaves an unfinished one, which a run an hour later removes. */
const main = async (): Promise<void> => {
  const settings = parseSettings(backupSettings, process.env, COMMON_SECRETS, [
    natsCertificateRule,
  ]);
  const log = createLogger("backup", settings.LOG_LEVEL, manifest.version);
  const nats = await connectNats(settings, "ringback-backup", log);
  try {
    const deps = { nats, inboxPrefix: settings.NATS_INBOX_PREFIX, log, now };
    const done = await backUp(deps, {
      root: settings.BACKUP_DIR,
      streams: settings.BACKUP_STREAMS,
      keep: settings.BACKUP_KEEP,
    });
    log.info(done, "backup.done");
    const { BACKUP_PUSHGATEWAY_URL: url } = settings;
    if (url !== undefined) await pushOrLog(url, log);
  } finally {
    await closeNats(nats);
  }
};

/** The backup is there, told or not: a run that failed would be repeated, and each one removes an old backup. */
const pushOrLog = async (url: string, log: Logger): Promise<void> => {
  try {
    await pushSuccess(url, now());
  } catch (error) {
    log.error({ err: error }, "backup.not_told");
  }
};

main().then(
  () => process.exit(),
  (error: unknown) => failAtStart(createLogger("backup", "info", manifest.version), error),
);
