import { parseSuccessStatus, type SuccessStatus } from "@ringback/contracts/agents/success-status";
import { parseDurationMs } from "@ringback/contracts/duration";
import { REDACTED } from "@ringback/contracts/secrets/sealed-text";
import { readAgent, type ReadSubscription } from "../api/agents.ts";
import { ApiError } from "../api/problem.ts";
import type { CommandContext } from "../command-context.ts";
import type { RequestShape } from "./listened-request.ts";

/** How the dispatcher would send an event now. */
export type SubscriptionFacts = RequestShape & {
  readonly timeoutMs: number;
  readonly isSuccess: SuccessStatus;
  /** Headers whose values this key may not read. */
  readonly hidden: readonly string[];
};

/** The dispatcher's defaults. */
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_SUCCESS: SuccessStatus = (status) => status === 200;

/** The subscription of an agent and a type as it is now; the defaults where there is none. */
export const subscriptionOf = async (
  agentId: string,
  eventType: string,
  context: CommandContext,
): Promise<SubscriptionFacts> => {
  let found: ReadSubscription | undefined;
  try {
    const agent = await readAgent(context, agentId);
    found = agent.event_subscriptions.find(({ event_type }) => event_type === eventType);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  const entries = Object.entries(found?.headers ?? {});
  const { timeout, success_status } = found?.delivery ?? {};
  return {
    method: found?.method_type ?? "POST",
    headers: Object.fromEntries(entries.filter(([, value]) => value !== REDACTED)),
    hidden: entries.flatMap(([name, value]) => (value === REDACTED ? [name] : [])),
    timeoutMs: (timeout === undefined ? undefined : parseDurationMs(timeout)) ?? DEFAULT_TIMEOUT_MS,
    isSuccess:
      (success_status === undefined ? undefined : parseSuccessStatus(success_status)) ??
      DEFAULT_SUCCESS,
  };
};
