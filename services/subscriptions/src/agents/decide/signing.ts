import type { Agent, ConfigurationChange } from "@ringback/contracts/agents/agent";
import type { EventType } from "@ringback/contracts/events/event-types";
import {
  liveKeys,
  MAX_SIGNING_KEYS,
  withNewKey,
  type SigningKey,
} from "@ringback/contracts/secrets/signing-key";
import type { Subscription } from "@ringback/contracts/agents/subscription";

type AgentIds = Pick<Agent, "workspace_id" | "agent_id">;

/** The event types whose subscriptions a command is about. */
export type NamedTypes = readonly EventType[] | "all";

export type RotateSigningSecret = {
  readonly kind: "rotate_signing_secret";
  readonly agent: AgentIds;
  readonly event_types: NamedTypes;
  /** The new key, with its secret open; made where chance is. */
  readonly key: SigningKey;
  /** When the keys before sign no more. */
  readonly former_expire_at: string;
};

export type RemoveSigningSecret = {
  readonly kind: "remove_signing_secret";
  readonly agent: AgentIds;
  readonly event_types: NamedTypes;
};

export type SigningRejection =
  | {
      readonly kind: "rejected";
      readonly code: "subscription_not_found";
      /** Empty: the agent has no subscription at all. */
      readonly missing: readonly EventType[];
    }
  | {
      readonly kind: "rejected";
      readonly code: "too_many_signing_secrets";
      readonly event_types: readonly EventType[];
    };

export type SigningDecision =
  | { readonly kind: "accepted"; readonly changes: readonly ConfigurationChange[] }
  | SigningRejection;

type Subscriptions = readonly Subscription[];

/**
 * One new key for all named subscriptions, or for none. A secret that is the newest one already is
 * set: who brings their own may ask again when no answer came.
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

/** No signatures from then on; a type without subscription or secret is as wished already. */
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
