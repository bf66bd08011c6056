import { checkCallbackUrl, type CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { headerProblems } from "@ringback/contracts/agents/request-headers";
import type { Subscription } from "@ringback/contracts/agents/subscription";

const MAX_NAME_SHOWN = 128;

/** Why an attempt fails without a connection, as an outcome says it. */
export type Blocked = {
  readonly reason: "blocked_address" | "protocol";
  readonly detail: string;
};

/**
 * Why a stored subscription may not (or no longer) be sent to: settings may have changed since. The API
 * applies the same functions before it stores one. Never repeats a header's value.
 */
export const blockedBy = (
  { callback_url, headers }: Subscription,
  urlPolicy: CallbackUrlPolicy,
): Blocked | undefined => {
  const checked = checkCallbackUrl(callback_url, urlPolicy);
  if (checked.kind === "refused") {
    return { reason: "blocked_address", detail: `the callback URL ${checked.message}` };
  }
  const [problem] = headerProblems(headers);
  if (problem === undefined) return undefined;
  const { name, message } = problem;
  const what = name === undefined ? "headers:" : `header '${name.slice(0, MAX_NAME_SHOWN)}'`;
  // The nearest reason of the closed set: it would not be a valid HTTP request.
  return { reason: "protocol", detail: `the subscription's ${what} ${message}` };
};
