import { checkCallbackUrl, type CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { headerProblems } from "@ringback/contracts/agents/request-headers";
import type { Subscription } from "@ringback/contracts/agents/subscription";

const MAX_NAME_SHOWN = 128;

/** Why an attempt fails without a connection, as an outcome says it. */
export type Refusal = {
  readonly reason: "blocked_address" | "protocol";
  readonly detail: string;
};

/**
 * Why a subscription may not (or no longer) be sent to as it is stored: rules grow, rows stay. The same
 * functions judged it when it was stored. A header's value is never repeated.
 */
export const refusalOf = (
  { callback_url, headers }: Subscription,
  urlPolicy: CallbackUrlPolicy,
): Refusal | undefined => {
  const checked = checkCallbackUrl(callback_url, urlPolicy);
  if (checked.kind === "refused") {
    return { reason: "blocked_address", detail: `the callback URL ${checked.message}` };
  }
  const [problem] = headerProblems(headers);
  if (problem === undefined) return undefined;
  const { name, message } = problem;
  const what = name === undefined ? "headers:" : `header '${name.slice(0, MAX_NAME_SHOWN)}'`;
  // No other reason of the closed set is nearer: it would be no proper HTTP request.
  return { reason: "protocol", detail: `the subscription's ${what} ${message}` };
};
