import closeWithGrace from "close-with-grace";
import type { Logger } from "../telemetry/logger.ts";
import { SettingsError } from "../settings/parse-settings.ts";

const logFatal = (log: Logger, error: unknown): void =>
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));

/**
 * Ends the process after a fault: logs the first one, lets `stop` finish what is in flight for at most `graceMs`, and
 * exits with 1.
 */
export const failWithGrace = (
  log: Logger,
  graceMs: number,
  stop: (signal: AbortSignal) => Promise<void>,
): ((error: unknown) => void) => {
  let isFailing = false;
  return (error) => {
    if (isFailing) return;
    isFailing = true;
    logFatal(log, error);
    void stopAndExit(graceMs, stop);
  };
};

const stopAndExit = async (
  graceMs: number,
  stop: (signal: AbortSignal) => Promise<void>,
): Promise<never> => {
  setTimeout(() => process.exit(1), graceMs);
  try {
    await stop(AbortSignal.timeout(graceMs * 0.9));
  } finally {
    process.exit(1); // also when `stop` throws: the fault is in the log
  }
};

/**
 * After SIGTERM, SIGINT or an unexpected error: calls `stop`, waits for at most `graceMs`, and exits with 0 after a
 * signal, 1 after an error. The signal for `stop` is aborted after nine tenths of `neededMs`, which is read at the
 * beginning.
 */
export const stopGracefully = (
  log: Logger,
  graceMs: number,
  stop: (signal: AbortSignal) => Promise<void>,
  neededMs: () => number = () => graceMs,
): void => {
  const outOfTime = new AbortController();
  closeWithGrace(
    {
      delay: graceMs,
      logger: { error: (message: unknown) => log.error({ detail: message }, "stopping.forced") },
      onTimeout: () => log.error({ grace_ms: graceMs }, "stopping.timed_out"),
    },
    async ({ signal, err }) => {
      if (err !== undefined) log.fatal({ err }, "stopping.after_error");
      log.info({ signal }, "stopping");
      const timer = setTimeout(() => outOfTime.abort(), Math.min(graceMs, neededMs()) * 0.9);
      await stop(outOfTime.signal);
      clearTimeout(timer);
      log.info("stopped");
    },
  );
};

/** Ends the process after an error at its start; problems of settings come without a stack. */
export const failAtStart = (log: Logger, error: unknown): never => {
  if (error instanceof SettingsError) {
    log.fatal({ problems: error.message.split("\n") }, `settings: ${error.message}`);
  } else logFatal(log, error);
  process.exit(1);
};
