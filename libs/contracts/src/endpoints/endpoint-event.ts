import { z } from "zod";
import { jsonIn } from "../json/json-in.ts";
import { signingKeySchema, withNewKey } from "../secrets/signing-key.ts";
import type { EndpointAddress } from "../streams/endpoint-subject.ts";
import { idempotencyMarkSchema } from "../streams/request-record.ts";
import {
  ENDPOINT_SWITCHES,
  endpointSchema,
  withLiveEndpointKeys,
  type Endpoint,
} from "./endpoint.ts";

/** The settings that a customer changes, each whole; null takes an optional one away. */
const endpointSettingsSchema = endpointSchema
  .pick({ url: true, method_type: true, headers: true, agents: true, event_types: true })
  .extend({
    delivery: endpointSchema.shape.delivery.unwrap().nullable(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable(),
    filter: z.string().nullable(),
    order: endpointSchema.shape.order.unwrap().nullable(),
  })
  .partial();

export type EndpointSettings = z.infer<typeof endpointSettingsSchema>;

/** A change of an endpoint; with the previous state it yields the next one. */
export const endpointChangeSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("endpoint_created"),
    change: endpointSchema.omit({
      created_at: true,
      updated_at: true,
      switched_at: true,
      while_off: true,
      held_since: true,
    }),
  }),
  z.object({
    type: z.literal("endpoint_changed"),
    change: z.object({ set: endpointSettingsSchema }),
  }),
  z.object({
    type: z.literal("endpoint_switched"),
    change: z.object({
      switch: z.enum(ENDPOINT_SWITCHES),
      while_off: endpointSchema.shape.while_off,
    }),
  }),
  z.object({
    type: z.literal("endpoint_secret_rotated"),
    change: z.object({ key: signingKeySchema, former_expire_at: z.iso.datetime() }),
  }),
  z.object({ type: z.literal("endpoint_deleted"), change: z.object({}) }),
  /** The same endpoint, its secrets sealed with another key. */
  z.object({ type: z.literal("endpoint_reencrypted"), change: z.object({}) }),
]);

export type EndpointChange = z.infer<typeof endpointChangeSchema>;

export type EndpointEventType = EndpointChange["type"];

export const ENDPOINT_EVENT_TYPES = endpointChangeSchema.options.map(
  ({ shape }) => shape.type.value,
);

/** One message on `subscriptions.<workspace_id>._endpoint.<endpoint_id>`. */
export const endpointEventSchema = z.intersection(
  endpointChangeSchema,
  z.object({
    occurred_at: z.iso.datetime(),
    /** The id of the API key, or the service itself. */
    actor: z.string(),
    /** Counts the endpoint's changes from 1, across deletions. */
    version: z.int().positive(),
    /** The resulting state, so that readers need only a subject's last message; null: deleted. */
    endpoint: endpointSchema.nullable(),
    /** On the last message of a request that was sent with an `Idempotency-Key`. */
    idempotency: idempotencyMarkSchema.optional(),
  }),
);

export type EndpointEvent = z.infer<typeof endpointEventSchema>;

/** An endpoint's state after its changes so far. */
export type EndpointState =
  | { readonly kind: "absent"; readonly version: number }
  | { readonly kind: "present"; readonly version: number; readonly endpoint: Endpoint };

/** The state of an endpoint without changes. */
export const INITIAL_ENDPOINT_STATE: EndpointState = { kind: "absent", version: 0 };

type DatedChange = EndpointChange & { readonly occurred_at: string };

/**
 * The state after one more change, without the signing keys that have expired by then. Throws for a change that
 * cannot follow: a bug.
 */
export const evolveEndpoint = (state: EndpointState, event: DatedChange): EndpointState => {
  const version = state.version + 1;
  const { occurred_at } = event;
  if (event.type === "endpoint_created") {
    if (state.kind !== "absent") throw new Error(`'${event.type}' of an endpoint that is there`);
    const times = { created_at: occurred_at, updated_at: occurred_at, switched_at: occurred_at };
    return { kind: "present", version, endpoint: { ...event.change, ...times } };
  }
  if (state.kind !== "present") {
    throw new Error(`'${event.type}' of an endpoint that is not there`);
  }
  if (event.type === "endpoint_deleted") return { kind: "absent", version };
  const endpoint = withLiveEndpointKeys(changed(state.endpoint, event), Date.parse(occurred_at));
  return { kind: "present", version, endpoint };
};

const changed = (
  endpoint: Endpoint,
  event: Exclude<DatedChange, { type: "endpoint_created" | "endpoint_deleted" }>,
): Endpoint => {
  const updated_at = event.occurred_at;
  switch (event.type) {
    case "endpoint_changed":
      return { ...withSettings(endpoint, event.change.set), updated_at };
    case "endpoint_switched": {
      const { while_off: _whileOff, held_since, ...rest } = endpoint;
      const isHeld = event.change.while_off === "hold";
      return {
        ...rest,
        ...event.change,
        // Paused, then disabled and held: what came since the pause is still held.
        ...(isHeld && { held_since: held_since ?? updated_at }),
        switched_at: updated_at,
        updated_at,
      };
    }
    case "endpoint_secret_rotated": {
      const { key, former_expire_at } = event.change;
      return {
        ...endpoint,
        signing: withNewKey(endpoint.signing, key, former_expire_at),
        updated_at,
      };
    }
    case "endpoint_reencrypted":
      return endpoint; // invisible to the endpoint's owner: `updated_at` stays
    default:
      return event satisfies never;
  }
};

/** The endpoint with these settings; null takes one away. */
const withSettings = (endpoint: Endpoint, set: EndpointSettings): Endpoint =>
  endpointSchema.parse(
    Object.fromEntries(
      Object.entries({ ...endpoint, ...set }).filter(([, value]) => value !== null),
    ),
  );

/** The part of a message that readers need; the rest may be another version's. */
const endpointMessageSchema = z.looseObject({
  version: z.int().positive(),
  endpoint: endpointSchema.nullable(),
});

export type ReadEndpoint =
  | { readonly kind: "state"; readonly state: EndpointState }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * The resulting state in a message on an endpoint's subject, or the message's error. An endpoint with another id, or of
 * another workspace, is one: what follows from it would be sent on behalf of that one.
 */
export const readEndpointState = (address: EndpointAddress, data: Uint8Array): ReadEndpoint => {
  const value = jsonIn(data);
  if (value === undefined) return { kind: "invalid", message: "not JSON" };
  const parsed = endpointMessageSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join(".")}: ${issue.message}`,
    );
    return { kind: "invalid", message: problems.join("; ") };
  }
  const { version, endpoint } = parsed.data;
  if (endpoint === null) return { kind: "state", state: { kind: "absent", version } };
  const { workspace_id, endpoint_id } = endpoint;
  if (workspace_id !== address.workspaceId || endpoint_id !== address.endpointId) {
    return { kind: "invalid", message: "endpoint: is another one than the subject names" };
  }
  return { kind: "state", state: { kind: "present", version, endpoint } };
};
