import { isStreamName, STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { commonSettings, integerSchema } from "@ringback/runtime/settings/settings";
import { z } from "zod";

/** Streams such as `SUBSCRIPTIONS,ACCESS`, in the order in which they are copied. */
const streamList = z.string().transform((text, context): readonly StreamName[] => {
  const names = text.split(",").map((part) => part.trim());
  const streams = names.filter(isStreamName);
  // A name that comes twice would be copied over its own copy, or restored and deleted again.
  if (streams.length === names.length) return [...new Set(streams)];
  context.addIssue(`'${text}' is not a list of ${Object.values(STREAMS).join(", ")}`);
  return z.NEVER;
});

/**
 * All of them, as each remembers the others, and services refuse to start without one. Those whose loss nobody can make
 * good come first, then what deliveries stand on: an event comes before its retry, and a retry before its record. So a
 * delivery that goes on between two copies is made once more, and never forgotten.
 */
const DEFAULT_STREAMS = [
  STREAMS.subscriptions,
  STREAMS.access,
  STREAMS.audit,
  STREAMS.events,
  STREAMS.retries,
  STREAMS.attempts,
  STREAMS.deadLetters,
  STREAMS.operations,
  STREAMS.redeliveries,
  STREAMS.requests,
  STREAMS.leases,
].join(",");

const connectionSettings = {
  NATS_URL: commonSettings.NATS_URL,
  NATS_URL_FILE: commonSettings.NATS_URL_FILE,
  NATS_CREDS_FILE: commonSettings.NATS_CREDS_FILE,
  NATS_TLS_CA_FILE: commonSettings.NATS_TLS_CA_FILE,
  NATS_TLS_CERT_FILE: commonSettings.NATS_TLS_CERT_FILE,
  NATS_TLS_KEY_FILE: commonSettings.NATS_TLS_KEY_FILE,
  NATS_INBOX_PREFIX: commonSettings.NATS_INBOX_PREFIX,
  LOG_LEVEL: commonSettings.LOG_LEVEL,
};

const folder = z.string({ error: "is required: the folder of all backups" }).min(1);

/** Settings of the job that makes a backup. */
export const backupSettings = {
  ...connectionSettings,
  BACKUP_DIR: folder.describe(
    "Folder of all backups; each is a folder of its own, named by its time",
  ),
  BACKUP_STREAMS: streamList
    .prefault(DEFAULT_STREAMS)
    .describe("Streams that a backup has, copied in this order"),
  BACKUP_KEEP: integerSchema(1, 10_000)
    .prefault("7")
    .describe(
      "How many backups are kept: older ones are removed after one that succeeded, so the disk needs room for one more",
    ),
  BACKUP_PUSHGATEWAY_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "Where the time of a backup that succeeded is written for Prometheus, such as `http://pushgateway:9091/metrics/job/ringback-backup/namespace/ringback`",
    ),
};

/** Instead of a backup's name: nothing is restored. */
export const LIST = "list";

/** Settings of the job that restores one. */
export const restoreSettings = {
  ...connectionSettings,
  BACKUP_DIR: backupSettings.BACKUP_DIR,
  RESTORE_FROM: z
    .string()
    .prefault("latest")
    .describe(
      "Name of the backup that is restored; `latest` for the last one that is complete. `list` restores nothing, and logs all with their times and streams",
    ),
  RESTORE_STREAMS: z
    .union([z.literal("all").transform(() => undefined), streamList])
    .prefault("all")
    .describe(
      "Streams that are restored; `all` for those that the backup has by its `manifest.json`. Name those that are lost where others are still there",
    ),
  RESTORE_REPLACE: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .prefault("false")
    .describe(
      "Whether streams that are there are deleted first. Otherwise a restore that meets one ends",
    ),
};
