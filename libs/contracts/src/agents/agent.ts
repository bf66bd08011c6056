import { z } from "zod";
import { byCatalogue, eventTypeSchema } from "../events/event-types.ts";
import { idSchema } from "../id.ts";
import { idempotencyMarkSchema } from "../streams/request-record.ts";
import { signingKeySchema, withNewKey } from "../secrets/signing-key.ts";
import {
  subscriptionSchema,
  withLiveKeys,
  withSigning,
  type Subscription,
} from "./subscription.ts";

/** An agent and where its events go. Times are RFC 3339 in UTC. */
export const agentSchema = z.object({
  workspace_id: idSchema,
  agent_id: idSchema,
  agent_display_name: z.string(),
  event_subscriptions: z.array(subscriptionSchema),
  created_at: z.string(),
  updated_at: z.string(),
});

export type Agent = z.infer<typeof agentSchema>;

/** A change of an agent; with the previous state it yields the next one. */
export const configurationChangeSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("agent_registered"),
    change: z.object({
      workspace_id: idSchema,
      agent_id: idSchema,
      agent_display_name: z.string(),
    }),
  }),
  z.object({
    type: z.literal("agent_renamed"),
    change: z.object({ agent_display_name: z.string() }),
  }),
  z.object({
    type: z.literal("event_subscriptions_edited"),
    change: z.object({
      /** Each replaces the subscription of its type, and keeps that one's signing keys; a new one brings its own. */
      set: z.array(subscriptionSchema),
      /** The event types whose subscriptions are removed (mode `replace`). */
      removed: z.array(eventTypeSchema),
    }),
  }),
  z.object({
    type: z.literal("event_subscriptions_removed"),
    change: z.object({ removed: z.array(eventTypeSchema) }),
  }),
  z.object({ type: z.literal("agent_deregistered"), change: z.object({}) }),
  /** The same subscriptions, their secrets sealed with another key. */
  z.object({ type: z.literal("secrets_reencrypted"), change: z.object({}) }),
  z.object({
    type: z.literal("signing_secret_rotated"),
    change: z.object({
      /** The same new key for each event type; its secret is sealed for each alone. */
      set: z.array(z.object({ event_type: eventTypeSchema, key: signingKeySchema })),
      /** When the previous keys stop signing. */
      former_expire_at: z.iso.datetime(),
    }),
  }),
  z.object({
    type: z.literal("signing_secret_removed"),
    change: z.object({ event_types: z.array(eventTypeSchema) }),
  }),
]);

export type ConfigurationChange = z.infer<typeof configurationChangeSchema>;

export type ConfigurationEventType = ConfigurationChange["type"];

export const CONFIGURATION_EVENT_TYPES = configurationChangeSchema.options.map(
  ({ shape }) => shape.type.value,
);

const occurrence = {
  occurred_at: z.iso.datetime(),
  /** The id of the API key, or the service itself. */
  actor: z.string(),
  /** Counts the agent's changes from 1, across deregistrations. */
  version: z.int().positive(),
  /** The resulting state, so that readers need only a subject's last message; null: deregistered. */
  agent: agentSchema.nullable(),
  /** On the last message of a request that was sent with an `Idempotency-Key`. */
  idempotency: idempotencyMarkSchema.optional(),
};

/** One message on `subscriptions.<workspace_id>.<agent_id>`. */
export const configurationEventSchema = z.intersection(
  configurationChangeSchema,
  z.object(occurrence),
);

export type ConfigurationEvent = z.infer<typeof configurationEventSchema>;

/** An agent's state after its changes so far. */
export type AgentState =
  | { readonly kind: "absent"; readonly version: number }
  | { readonly kind: "registered"; readonly version: number; readonly agent: Agent };

/** The state of an agent without changes. */
export const INITIAL_AGENT_STATE: AgentState = { kind: "absent", version: 0 };

type DatedChange = ConfigurationChange & { readonly occurred_at: string };

/**
 * The state after one more change, without the signing keys that have expired by then. Throws for a change that
 * cannot follow: a bug.
 */
export const evolve = (state: AgentState, event: DatedChange): AgentState => {
  const after = stateWith(state, event);
  if (after.kind === "absent") return after;
  const atMs = Date.parse(event.occurred_at);
  return { ...after, agent: ofEach(after.agent, (one) => withLiveKeys(one, atMs)) };
};

const stateWith = (state: AgentState, event: DatedChange): AgentState => {
  const version = state.version + 1;
  if (event.type === "agent_registered") {
    if (state.kind !== "absent") throw new Error(`'${event.type}' of an agent that is there`);
    const times = { created_at: event.occurred_at, updated_at: event.occurred_at };
    const agent = { ...event.change, event_subscriptions: [], ...times };
    return { kind: "registered", version, agent };
  }
  if (state.kind !== "registered") throw new Error(`'${event.type}' of an agent that is not there`);
  const changed = (agent: Agent): AgentState => ({
    kind: "registered",
    version,
    agent: { ...agent, updated_at: event.occurred_at },
  });
  switch (event.type) {
    case "agent_renamed":
      return changed({ ...state.agent, ...event.change });
    case "event_subscriptions_edited":
      return changed(withSubscriptions(state.agent, event.change));
    case "event_subscriptions_removed":
      return changed(withSubscriptions(state.agent, { set: [], ...event.change }));
    case "agent_deregistered":
      return { kind: "absent", version };
    case "secrets_reencrypted":
      // Invisible to the agent's owner: `updated_at` stays.
      return { ...state, version };
    case "signing_secret_rotated": {
      const { set, former_expire_at } = event.change;
      const added = new Map(set.map(({ event_type, key }) => [event_type, key]));
      return changed(
        ofEach(state.agent, (one) => {
          const key = added.get(one.event_type);
          if (key === undefined) return one;
          return withSigning(one, withNewKey(one.signing, key, former_expire_at));
        }),
      );
    }
    case "signing_secret_removed": {
      const { event_types } = event.change;
      return changed(
        ofEach(state.agent, (one) =>
          event_types.includes(one.event_type) ? withSigning(one, []) : one,
        ),
      );
    }
    default:
      return event satisfies never;
  }
};

const ofEach = (agent: Agent, change: (one: Subscription) => Subscription): Agent => ({
  ...agent,
  event_subscriptions: agent.event_subscriptions.map(change),
});

const withSubscriptions = (
  agent: Agent,
  { set, removed }: { readonly set: readonly Subscription[]; readonly removed: readonly string[] },
): Agent => {
  const replaced = new Set<string>([...set.map((s) => s.event_type), ...removed]);
  const kept = agent.event_subscriptions.filter((s) => !replaced.has(s.event_type));
  // A new URL keeps the secret with which its owner verifies (docs/adr/0011).
  const earlier = new Map(agent.event_subscriptions.map((s) => [s.event_type, s]));
  const added = set.map((s) => withSigning(s, (earlier.get(s.event_type) ?? s).signing ?? []));
  const event_subscriptions = [...kept, ...added].toSorted((a, b) =>
    byCatalogue(a.event_type, b.event_type),
  );
  return { ...agent, event_subscriptions };
};

/** The resulting state in a configuration event. */
export const stateAfter = (event: ConfigurationEvent): AgentState =>
  event.agent === null
    ? { kind: "absent", version: event.version }
    : { kind: "registered", version: event.version, agent: event.agent };
