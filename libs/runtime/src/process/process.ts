import closeWithGrace from "close-with-grace";
import type { Logger } from "../telemetry/logger.ts";
import { SettingsError } from "../settings/settings.ts";

/** Ends the process with a failure after one clear message. */
export const fail = (log: Logger, error: unknown): never => {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exit(1);
};

/**
 * What to do with a fault after which the process cannot go on: says so once, lets `stop` finish what is in
 * flight for at most `graceMs`, and ends with 1.
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
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
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
    process.exit(1); // whatever stopping says: the fault has been logged
  }
};

/**
 * On SIGTERM, SIGINT or an unexpected error: `stop`, at most `graceMs`, then exit; 0 after a signal,
 * 1 after an error. `stop` is told that its time is over when most of `neededMs` is, which is asked then.
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

/** What a process does with an error before it has a logger or a connection. */
export const failAtStart = (log: Logger, error: unknown): never => {
  if (error instanceof SettingsError) {
    log.fatal({ problems: error.message.split("\n") }, `settings: ${error.message}`);
    process.exit(1);
  }
  return fail(log, error);
};
