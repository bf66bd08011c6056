import { createLogger } from "@ringback/runtime/logger";
import { fail, failAtStart, stopGracefully } from "@ringback/runtime/process";
import { readDispatcherSettings } from "./config.ts";
import { HOLD_BACK, type HoldBackPolicy } from "./decide/retry.ts";
import { startDispatcher, type DispatcherOptions } from "./dispatcher.ts";

/** Beyond an attempt's deadline: to read the answer's body, store the record and say goodbye. */
const STOP_MARGIN_MS = 10_000;

/** Runs a dispatcher as this process: settings from the environment, until a signal. */
export const runDispatcher = async (
  stepsOf: DispatcherOptions["stepsOf"],
  holdBack: HoldBackPolicy = HOLD_BACK,
): Promise<void> => {
  try {
    const settings = readDispatcherSettings(process.env);
    const log = createLogger("dispatcher", settings.LOG_LEVEL);
    const onFatal = (error: unknown): void => fail(log, error);
    const dispatcher = startDispatcher({ settings, log, onFatal, stepsOf, holdBack });
    stopGracefully(log, settings.DELIVERY_TIMEOUT + STOP_MARGIN_MS, dispatcher.stop);
    await dispatcher.ready;
  } catch (error) {
    failAtStart(createLogger("dispatcher", "info"), error);
  }
};
