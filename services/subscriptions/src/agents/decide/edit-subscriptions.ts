import type { Agent, ConfigurationChange } from "@ringback/contracts/agents/agent";
import {
  differingSettings,
  withSigning,
  type Subscription,
  type SubscriptionSetting,
} from "@ringback/contracts/agents/subscription";
import type { EventType } from "@ringback/contracts/events/event-types";
import { looksSealed } from "@ringback/contracts/secrets/sealed-text";
import { liveKeys, type SigningKey } from "@ringback/contracts/secrets/signing-key";
import type { AgentIds, RejectedAs } from "./signing.ts";

/** What becomes of a command for an agent that is not there (`AGENT_REGISTRATION`). */
export type IfAbsent = "reject" | "register";

export type EditSubscriptions = {
  readonly kind: "edit_event_subscriptions";
  readonly agent: AgentIds;
  /** Each event type at most once. */
  readonly event_subscriptions: readonly Subscription[];
  readonly mode: "merge" | "replace";
  readonly on_conflict: "overwrite" | "error";
  readonly if_absent: IfAbsent;
  /** When it came (RFC 3339): keys that have expired by then sign nothing new. */
  readonly at: string;
  /** For new subscriptions that no secret of the agent's others can sign; undefined: they are not signed. */
  readonly new_key?: SigningKey | undefined;
};

export type RemoveSubscriptions = {
  readonly kind: "remove_event_subscriptions";
  readonly agent: AgentIds;
  readonly event_types: readonly EventType[];
  readonly if_absent: IfAbsent;
};

/** A subscription, as responses name it. */
export type NamedSubscription = Pick<Subscription, "event_type" | "callback_url">;

/** What an edit does with each subscription of the agent, and with each that it names. */
export type EditEffects = {
  readonly added: readonly NamedSubscription[];
  /** As they were before, with the settings that are others now. */
  readonly replaced: readonly (NamedSubscription & {
    readonly changed: readonly SubscriptionSetting[];
  })[];
  /** Named, and the same as before. */
  readonly unchanged: readonly NamedSubscription[];
  /** Not named. */
  readonly kept: readonly NamedSubscription[];
  readonly removed: readonly NamedSubscription[];
  /** The key of an agent's first signed subscriptions, where new ones are signed by themselves. */
  readonly newKey?: SigningKey;
  /** Added without a signature, although others of the agent are signed. */
  readonly unsigned: readonly EventType[];
};

export type EditedSubscriptions = {
  readonly kind: "accepted";
  readonly changes: readonly ConfigurationChange[];
  readonly effects: EditEffects;
};

export type EditRejection = RejectedAs<
  "subscription_exists",
  { existing: readonly NamedSubscription[] }
>;

type Subscriptions = Agent["event_subscriptions"];

/** Sets the named subscriptions, signs those that are new as the agent's others are, and removes the rest in mode `replace`. */
export const editSubscriptions = (
  { event_subscriptions: wanted, mode, on_conflict, at, new_key }: EditSubscriptions,
  before: Subscriptions,
): EditedSubscriptions | EditRejection => {
  const earlier = new Map(before.map((one) => [one.event_type, one]));
  const named = new Set(wanted.map(({ event_type }) => event_type));
  const existing = before.filter(({ event_type }) => named.has(event_type));
  if (on_conflict === "error" && existing.length > 0) {
    return { kind: "rejected", code: "subscription_exists", existing: existing.map(nameOf) };
  }
  const compared = wanted.map((one) => {
    const was = earlier.get(one.event_type);
    return { one, was, changed: was === undefined ? [] : differingSettings(was, one) };
  });
  const set = compared.filter(({ was, changed }) => was === undefined || changed.length > 0);
  const added = set.filter(({ was }) => was === undefined);
  const others = before.filter(({ event_type }) => !named.has(event_type));
  const removed = mode === "replace" ? others : [];
  const signing = signingOfAdded(before, Date.parse(at), new_key);
  const isWarned = signing.kind === "unsigned" && before.some((one) => one.signing);
  const effects: EditEffects = {
    added: added.map(({ one }) => nameOf(one)),
    replaced: set.flatMap(({ was, changed }) => (was ? [{ ...nameOf(was), changed }] : [])),
    unchanged: compared.filter((one) => !set.includes(one)).map(({ one }) => nameOf(one)),
    kept: mode === "replace" ? [] : others.map(nameOf),
    removed: removed.map(nameOf),
    unsigned: isWarned ? added.map(({ one }) => one.event_type) : [],
    ...(signing.kind === "new" && added.length > 0 ? { newKey: signing.keys[0] } : {}),
  };
  if (set.length + removed.length === 0) return { kind: "accepted", changes: [], effects };
  const change = {
    set: set.map(({ one, was }) => (was ? one : withSigning(one, signing.keys))),
    removed: removed.map(({ event_type }) => event_type),
  };
  return { kind: "accepted", changes: [{ type: "event_subscriptions_edited", change }], effects };
};

/** Removes the subscriptions of the named types; a type without one needs no change. */
export const removeSubscriptions = (
  { event_types }: RemoveSubscriptions,
  subscriptions: Subscriptions,
): EditedSubscriptions => {
  const { removed = [], kept = [] } = Object.groupBy(subscriptions, ({ event_type }) =>
    event_types.includes(event_type) ? "removed" : "kept",
  );
  const effects = {
    added: [],
    replaced: [],
    unchanged: [],
    kept: kept.map(nameOf),
    removed: removed.map(nameOf),
    unsigned: [],
  };
  if (removed.length === 0) return { kind: "accepted", changes: [], effects };
  const change = { removed: removed.map(({ event_type }) => event_type) };
  return { kind: "accepted", changes: [{ type: "event_subscriptions_removed", change }], effects };
};

const nameOf = ({ event_type, callback_url }: Subscription): NamedSubscription => ({
  event_type,
  callback_url,
});

type SigningOfAdded =
  | { readonly kind: "as_the_others"; readonly keys: readonly SigningKey[] }
  | { readonly kind: "new"; readonly keys: readonly [SigningKey] }
  | { readonly kind: "unsigned"; readonly keys: readonly [] };

/**
 * How a new subscription is signed: with the secret that all of the agent's others have in common, else with
 * the new key, if there is one. The longest list of keys is taken, as one endpoint may still verify with an older secret.
 */
const signingOfAdded = (
  before: Subscriptions,
  atMs: number,
  newKey: SigningKey | undefined,
): SigningOfAdded => {
  const [keys = []] = before
    .map(({ signing }) => liveKeys(signing, atMs))
    .toSorted((a, b) => b.length - a.length);
  const newest = keys[0];
  const isCommon =
    newest !== undefined && before.every(({ signing }) => signing?.[0]?.id === newest.id);
  // A secret that could not be opened is sealed for its own subscription: it opens for no other.
  if (isCommon && !keys.some(({ secret }) => looksSealed(secret))) {
    return { kind: "as_the_others", keys };
  }
  return newKey === undefined ? { kind: "unsigned", keys: [] } : { kind: "new", keys: [newKey] };
};
