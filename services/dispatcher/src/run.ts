import { POLICY_BOUNDS } from "@ringback/contracts/agents/delivery-policy";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { failAtStart, failWithGrace, stopGracefully } from "@ringback/runtime/process/process";
import { readDispatcherSettings } from "./config.ts";
import { OVERDUE_WATCH, type OverdueWatchPolicy } from "./repair/decide/due.ts";
import { HOLD_BACK, type HoldBackPolicy } from "./delivery/decide/retry.ts";
import { ENDPOINT_WATCH, type EndpointWatchPolicy } from "./endpoint-health/watch.ts";
import { startDispatcher, type Dispatcher, type DispatcherOptions } from "./dispatcher.ts";

/** Beyond an attempt's deadline: to read the answer's body, store the record and say goodbye. */
const STOP_MARGIN_MS = 10_000;

/** After a fault that ends it: for requests that are out to be answered and recorded, so that few are repeated. */
const FATAL_GRACE_MS = 10_000;

/** Runs a dispatcher as this process: settings from the environment, until a signal. */
export const runDispatcher = async (
  stepsOf: DispatcherOptions["stepsOf"],
  holdBack: HoldBackPolicy = HOLD_BACK,
  overdueWatch: OverdueWatchPolicy = OVERDUE_WATCH,
  endpointWatch: EndpointWatchPolicy = ENDPOINT_WATCH,
): Promise<void> => {
  try {
    const settings = readDispatcherSettings(process.env);
    const log = createLogger("dispatcher", settings.LOG_LEVEL);
    const stop = (outOfTime: AbortSignal): Promise<void> => dispatcher.stop(outOfTime);
    const onFatal = failWithGrace(log, FATAL_GRACE_MS, stop);
    const policies = { holdBack, overdueWatch, endpointWatch };
    const dispatcher: Dispatcher = startDispatcher({
      settings,
      log,
      onFatal,
      stepsOf,
      ...policies,
    });
    const longestMs = Math.max(settings.DELIVERY_TIMEOUT, POLICY_BOUNDS.timeoutMs.max);
    const neededMs = (): number => dispatcher.longestTimeoutMs() + STOP_MARGIN_MS;
    stopGracefully(log, longestMs + STOP_MARGIN_MS, dispatcher.stop, neededMs);
    await dispatcher.ready;
  } catch (error) {
    failAtStart(createLogger("dispatcher", "info"), error);
  }
};
