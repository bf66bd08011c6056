import type { Agent, ConfigurationChange } from "@ringback/contracts/agents/agent";
import type { EventType } from "@ringback/contracts/events/event-types";
import {
  liveKeys,
  MAX_SIGNING_KEYS,
  withNewKey,
  type SigningKey,
} from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";

/** Which agent a command is for. */
export type AgentIds = Pick<Agent, "workspace_id" | "agent_id">;

/** The event types whose subscriptions a command changes. */
export type NamedTypes = readonly EventType[] | "all";

export type RotateSigningSecret = {
  readonly kind: "rotate_signing_secret";
  readonly agent: AgentIds;
  readonly event_types: NamedTypes;
  /** The new key, with its secret open. The caller makes it: it is random. */
  readonly key: SigningKey;
  /** When the keys before sign no more. */
  readonly former_expire_at: string;
};

export type RemoveSigningSecret = {
  readonly kind: "remove_signing_secret";
  readonly agent: AgentIds;
  readonly event_types: NamedTypes;
};

/** Why a command is not carried out, with what the caller needs to know. */
export type RejectedAs<Code extends string, Details extends object = object> = {
  readonly kind: "rejected";
  readonly code: Code;
} & Readonly<Details>;

export type SigningRejection =
  /** `missing` is empty: the agent has no subscription at all. */
  | RejectedAs<"subscription_not_found", { missing: readonly EventType[] }>
  | RejectedAs<"too_many_signing_secrets", { event_types: readonly EventType[] }>;

export type SigningDecision =
  | { readonly kind: "accepted"; readonly changes: readonly ConfigurationChange[] }
  | SigningRejection;

type Subscriptions = readonly Subscription[];

/**
 * One new key for all named subscriptions, or for none. A secret that is the newest one already is not set
 * again: callers who bring their own may repeat a request without a response.
 */
export const rotateSigningSecret = (
  { event_types, key, former_expire_at }: RotateSigningSecret,
  subscriptions: Subscriptions,
): SigningDecision => {
  const missing = missingOf(event_types, subscriptions);
  const named = subscriptions.filter(isNamedIn(event_types));
  if (missing.length > 0 || named.length === 0) {
    return { kind: "rejected", code: "subscription_not_found", missing };
  }
  const changing = named.filter(({ signing }) => signing?.[0]?.secret !== key.secret);
  const atMs = Date.parse(key.created_at);
  const full = changing.filter(({ signing }) => {
    const after = liveKeys(withNewKey(signing, key, former_expire_at), atMs);
    return after.length > MAX_SIGNING_KEYS;
  });
  if (full.length > 0) {
    const code = "too_many_signing_secrets";
    return { kind: "rejected", code, event_types: full.map(({ event_type }) => event_type) };
  }
  if (changing.length === 0) return { kind: "accepted", changes: [] };
  const set = changing.map(({ event_type }) => ({ event_type, key }));
  const change = { set, former_expire_at };
  return { kind: "accepted", changes: [{ type: "signing_secret_rotated", change }] };
};

/** No signatures from then on. A type without a subscription or a secret needs no change. */
export const removeSigningSecret = (
  { event_types: named }: RemoveSigningSecret,
  subscriptions: Subscriptions,
): SigningDecision => {
  const signed = subscriptions.filter(isNamedIn(named)).filter(({ signing }) => signing);
  if (signed.length === 0) return { kind: "accepted", changes: [] };
  const event_types = signed.map(({ event_type }) => event_type);
  return {
    kind: "accepted",
    changes: [{ type: "signing_secret_removed", change: { event_types } }],
  };
};

const isNamedIn =
  (types: NamedTypes) =>
  ({ event_type }: Subscription): boolean =>
    types === "all" || types.includes(event_type);

const missingOf = (types: NamedTypes, subscriptions: Subscriptions): EventType[] =>
  types === "all"
    ? []
    : types.filter((type) => !subscriptions.some(({ event_type }) => event_type === type));
