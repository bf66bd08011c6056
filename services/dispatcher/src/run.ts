import { POLICY_BOUNDS } from "@ringback/contracts/agents/delivery-policy";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { failAtStart, failWithGrace, stopGracefully } from "@ringback/runtime/process/process";
import { warnOfUnknownSettings } from "@ringback/runtime/settings/unknown-settings";
import manifest from "../package.json" with { type: "json" };
import { readDispatcherSettings, unknownDispatcherSettings } from "./config.ts";
import { POSTPONE } from "./delivery/decide/postpone.ts";
import type { DispatcherOptions } from "./dispatcher-deps.ts";
import { startDispatcher, type Dispatcher } from "./dispatcher.ts";
import { HEALTH_EVALUATION } from "./endpoint-health/health-evaluation.ts";
import { REPAIR_POLICY } from "./repair/decide/due.ts";

/** Beyond an attempt's deadline: to read the response's body, store the record and close NATS. */
const STOP_MARGIN_MS = 10_000;

/** After a fatal fault: open requests get a response and a record, so that few are repeated. */
const FATAL_GRACE_MS = 10_000;

/** Everything but the settings: tests put something around the steps, or shorten a policy. */
export type RunOptions = Partial<
  Pick<DispatcherOptions, "wrapSteps" | "postpone" | "repair" | "healthEvaluation">
>;

const DEFAULTS: Required<RunOptions> = {
  wrapSteps: (steps) => steps,
  postpone: POSTPONE,
  repair: REPAIR_POLICY,
  healthEvaluation: HEALTH_EVALUATION,
};

/** Runs a dispatcher as this process: settings from the environment, until a signal. */
export const runDispatcher = async (options: RunOptions = {}): Promise<void> => {
  try {
    const settings = readDispatcherSettings(process.env);
    const log = createLogger("dispatcher", settings.LOG_LEVEL, manifest.version);
    warnOfUnknownSettings(log, unknownDispatcherSettings(process.env));
    const stop = (outOfTime: AbortSignal): Promise<void> => dispatcher.stop(outOfTime);
    const onFatal = failWithGrace(log, FATAL_GRACE_MS, stop);
    const given = { settings, log, onFatal };
    const dispatcher: Dispatcher = startDispatcher({ ...given, ...DEFAULTS, ...options });
    const longestMs = Math.max(settings.DELIVERY_TIMEOUT, POLICY_BOUNDS.timeoutMs.max);
    const neededMs = (): number => dispatcher.longestTimeoutMs() + STOP_MARGIN_MS;
    stopGracefully(log, longestMs + STOP_MARGIN_MS, dispatcher.stop, neededMs);
    await dispatcher.ready;
  } catch (error) {
    failAtStart(createLogger("dispatcher", "info", manifest.version), error);
  }
};
