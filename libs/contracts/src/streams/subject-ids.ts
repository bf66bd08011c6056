import { deliveryIdParts, deliveryIds } from "../deliveries/delivery-id.ts";
import { callIdOf } from "../events/call-id.ts";
import { isId } from "../id.ts";
import { UNKNOWN_TOKEN } from "./subjects.ts";

const NAMES = [
  "workspace_id",
  "agent_id",
  "call_id",
  "event_type",
  "delivery_id",
  "endpoint_id",
  "redelivery_id",
  "key_id",
  "session_id",
] as const;

type Name = (typeof NAMES)[number];

/** The ids that a subject holds, by the names that they have in log lines. */
export type SubjectIds = { readonly [K in Name]?: string } & { readonly event_seq?: number };

const EVENT = ["workspace_id", "call_id", "agent_id", "event_type"] as const;

/** The subjects of all streams, token by token: names of ids, `*` for what is none, and what is always the same. */
const FORMS: ReadonlyArray<readonly string[]> = [
  ["events", ...EVENT],
  ["attempts", ...EVENT, "delivery_id"],
  ["attempts", ...EVENT, "delivery_id", "fan_out"],
  ["dead_letters", ...EVENT],
  ["retries", "due", "workspace_id", "agent_id", "delivery_id"],
  ["retries", "due", "workspace_id", "agent_id"],
  ["retries", "scheduled", "workspace_id", "agent_id", "delivery_id"],
  ["subscriptions", "workspace_id", "agent_id"],
  ["subscriptions", "workspace_id", "_endpoint", "endpoint_id"],
  ["subscriptions", "workspace_id", "_event_type", "event_type"],
  ["requests", "workspace_id", "*"],
  ["operations", "workspace_id", "*", "*"],
  ["redeliveries", "workspace_id", "redelivery_id"],
  ["access", "workspace_id", "key", "key_id"],
  ["access", "workspace_id", "session", "session_id"],
  ["audit", "workspace_id", "*"],
];

const isName = (text: string): text is Name => NAMES.some((name) => name === text);

/** Where a token is always the same. */
const isFixed = (part: string): boolean => part !== "*" && !isName(part);

/**
 * The ids in a subject of any stream, for the log: whoever looks for a workspace has to find each line about it. Of a
 * subject in no known form only the workspace is known, as it comes first.
 */
export const idsInSubject = (subject: string): SubjectIds => {
  const tokens = subject.split(".");
  const form =
    FORMS.find((one) => one.length === tokens.length && isAlike(one, tokens)) ??
    FORMS.map((one) => one.slice(0, one.indexOf("workspace_id") + 1)).find((one) =>
      isAlike(one, tokens),
    );
  const found: { [K in Name]?: string } = {};
  for (const [n, name] of (form ?? []).entries()) {
    const id = isName(name) ? idIn(name, tokens[n] ?? "") : undefined;
    if (isName(name) && id !== undefined) found[name] = id;
  }
  const { delivery_id: deliveryId, ...ids } = found;
  if (deliveryId === undefined) return ids;
  const eventSeq = deliveryIdParts(deliveryId)?.eventSeq;
  if (eventSeq === undefined) return { ...ids, delivery_id: deliveryId };
  return { ...ids, event_seq: eventSeq, ...deliveryIds({ deliveryId, eventSeq }) };
};

const isAlike = (form: readonly string[], tokens: readonly string[]): boolean =>
  form.every((part, n) => !isFixed(part) || part === tokens[n]);

const idIn = (name: Name, token: string): string | undefined => {
  if (token === UNKNOWN_TOKEN) return undefined;
  if (name === "call_id") return callIdOf(token);
  return isId(token) ? token : undefined;
};
