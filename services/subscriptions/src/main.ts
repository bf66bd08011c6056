import { createLogger } from "@ringback/runtime/telemetry/logger";
import { failAtStart, failWithGrace, stopGracefully } from "@ringback/runtime/process/process";
import { warnOfUnknownSettings } from "@ringback/runtime/settings/unknown-settings";
import manifest from "../package.json" with { type: "json" };
import { readSubscriptionsSettings, unknownSubscriptionsSettings } from "./config.ts";
import { startSubscriptions, type Subscriptions } from "./service.ts";

/** Longer than any request may take. */
const STOP_GRACE_MS = 20_000;

/** After a fault that ends it: for requests that are under way. */
const FATAL_GRACE_MS = 5_000;

const bootLog = createLogger("subscriptions", "info", manifest.version);

/** Runs the service as a process: settings from the environment, until a signal. */
const main = async (): Promise<void> => {
  const settings = readSubscriptionsSettings(process.env);
  const log = createLogger("subscriptions", settings.LOG_LEVEL, manifest.version);
  warnOfUnknownSettings(log, unknownSubscriptionsSettings(process.env));
  const onFatal = failWithGrace(log, FATAL_GRACE_MS, () => service.stop());
  const service: Subscriptions = startSubscriptions({ settings, log, onFatal });
  stopGracefully(log, STOP_GRACE_MS, service.stop);
  await service.started;
};

main().catch((error: unknown) => failAtStart(bootLog, error));
