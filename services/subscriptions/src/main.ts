import { createLogger } from "@ringback/runtime/logger";
import { fail, failAtStart, stopGracefully } from "@ringback/runtime/process";
import { readSubscriptionsSettings } from "./config.ts";
import { startSubscriptions } from "./start-subscriptions.ts";

/** Longer than any request may take. */
const STOP_GRACE_MS = 20_000;

const bootLog = createLogger("subscriptions", "info");

/** Runs the service as a process: settings from the environment, until a signal. */
const main = async (): Promise<void> => {
  const settings = readSubscriptionsSettings(process.env);
  const log = createLogger("subscriptions", settings.LOG_LEVEL);
  const service = startSubscriptions({ settings, log, onFatal: (error) => fail(log, error) });
  stopGracefully(log, STOP_GRACE_MS, service.stop);
  await service.started;
};

main().catch((error: unknown) => failAtStart(bootLog, error));
