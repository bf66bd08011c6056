import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";
import type { Sealer } from "@ringback/contracts/secrets/sealed-text";
import type { Logger } from "@ringback/runtime/telemetry/logger";

/** What one kind of configured thing consists of: agents, for example. Its address has an id of its own. */
export type EntityTypes = {
  readonly address: { readonly workspaceId: string };
  /** `version` counts the changes, across removals. */
  readonly state: { readonly kind: "absent" | "registered" | "present"; readonly version: number };
  readonly change: { readonly type: string };
  /** A stored change, with the state that it led to. */
  readonly event: { readonly type: string; readonly idempotency?: IdempotencyMark | undefined };
};

type ReadState<State> =
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "invalid"; readonly message: string };

/** How things of one kind are stored on SUBSCRIPTIONS: one subject each, whose last message has the state. */
export type EntityKind<T extends EntityTypes> = {
  /** The state without changes. */
  readonly initial: T["state"];
  /** False for an address that none can have: nothing is read there. */
  readonly isAddress: (address: T["address"]) => boolean;
  readonly subjectOf: (address: T["address"]) => string;
  /** The subject without ids, for traces. */
  readonly subjectTemplate: string;
  readonly stateIn: (address: T["address"], data: Uint8Array) => ReadState<T["state"]>;
  /** The change in a message that was read as JSON, its secrets open; undefined: it has another version's form. */
  readonly changeIn: (
    address: T["address"],
    message: unknown,
    sealer: Pick<Sealer, "open">,
  ) => T["change"] | undefined;
  /** The state with its secrets open, except those that no key opens: the log names these. */
  readonly open: (
    address: T["address"],
    state: T["state"],
    sealer: Pick<Sealer, "open">,
    log?: Logger,
  ) => T["state"];
  /** The event with the secrets of its change and its state sealed. */
  readonly seal: (
    address: T["address"],
    event: T["event"],
    sealer: Pick<Sealer, "seal">,
  ) => T["event"];
};
