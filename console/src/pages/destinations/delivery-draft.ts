import type { Pair } from "../../ui/tokens-field.tsx";
import type { DeliveryPolicy, Order } from "./api-types.ts";

/** A delivery policy as somebody types it; "" leaves a setting to the operator. */
export type DeliveryDraft = {
  readonly timeout: string;
  /** Delays with spaces between; `none` for no retries. */
  readonly retryDelays: string;
  readonly successStatus: string;
  readonly maxInFlight: string;
  readonly perSecond: string;
  readonly burst: string;
  readonly retryAfter: string;
};

/** How the events of a call are kept in order, as somebody types it; "": they are not. */
export type OrderDraft = { readonly onFailure: "" | Order["on_failure"]; readonly maxWait: string };

export const deliveryDraftOf = (policy: DeliveryPolicy | undefined): DeliveryDraft => ({
  timeout: policy?.timeout ?? "",
  retryDelays: delaysText(policy?.retry_delays),
  successStatus: policy?.success_status ?? "",
  maxInFlight: policy?.max_in_flight?.toString() ?? "",
  perSecond: policy?.rate_limit?.per_second.toString() ?? "",
  burst: policy?.rate_limit?.burst.toString() ?? "",
  retryAfter: policy?.retry_after ?? "",
});

const NO_RETRIES = "none";

const delaysText = (delays: readonly string[] | undefined): string =>
  delays === undefined ? "" : delays.length === 0 ? NO_RETRIES : delays.join(" ");

/** The policy that was typed; undefined where nothing is. What is no number is sent as it is: the API says what is wrong. */
export const policyOf = (draft: DeliveryDraft): DeliveryPolicy | undefined => {
  const { timeout, retryDelays, successStatus, maxInFlight, perSecond, burst, retryAfter } = draft;
  const policy = {
    timeout: textOf(timeout),
    retry_delays: delaysOf(retryDelays),
    success_status: textOf(successStatus),
    max_in_flight: numberOf(maxInFlight),
    rate_limit:
      perSecond.trim() === "" && burst.trim() === ""
        ? undefined
        : withoutGaps({ per_second: numberOf(perSecond), burst: numberOf(burst) }),
    retry_after: textOf(retryAfter),
  };
  const set = withoutGaps(policy);
  return Object.keys(set).length === 0 ? undefined : set;
};

const delaysOf = (text: string): readonly string[] | undefined => {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0) return undefined;
  return words.length === 1 && words[0] === NO_RETRIES ? [] : words;
};

const textOf = (text: string): string | undefined => (text.trim() === "" ? undefined : text.trim());

const numberOf = (text: string): number | string | undefined => {
  const typed = textOf(text);
  return typed === undefined || Number.isNaN(Number(typed)) ? typed : Number(typed);
};

const withoutGaps = (object: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export const orderDraftOf = (order: Order | undefined): OrderDraft => ({
  onFailure: order?.on_failure ?? "",
  maxWait: order?.max_wait ?? "",
});

/** The order that was chosen; undefined: none. */
export const orderOf = ({ onFailure, maxWait }: OrderDraft): Order | undefined =>
  onFailure === ""
    ? undefined
    : (withoutGaps({ by: "call", on_failure: onFailure, max_wait: textOf(maxWait) }) as Order);

/** Pairs as a record, without rows that are empty; the last of two with one name holds. */
export const recordOf = (pairs: readonly Pair[]): Record<string, string> =>
  Object.fromEntries(
    pairs
      .filter(({ name, value }) => name.trim() !== "" || value !== "")
      .map(({ name, value }) => [name.trim(), value]),
  );

export const pairsOf = (record: Readonly<Record<string, string>> | undefined): readonly Pair[] =>
  Object.entries(record ?? {}).map(([name, value]) => ({ name, value }));

/** A name that stands twice among the pairs, or undefined: a record would keep one of them in silence. */
export const repeatedName = (pairs: readonly Pair[]): string | undefined => {
  const names = pairs.map(({ name }) => name.trim().toLowerCase()).filter((name) => name !== "");
  const at = names.findIndex((name, index) => names.indexOf(name) !== index);
  return at === -1 ? undefined : names[at];
};
