import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type {
  EndpointChange,
  EndpointSettings,
  EndpointState,
} from "@ringback/contracts/endpoints/endpoint-event";
import {
  liveKeys,
  MAX_SIGNING_KEYS,
  withNewKey,
  type SigningKey,
} from "@ringback/contracts/secrets/signing-key";
import { isOwnEndpoint } from "../../sight/decide/sight.ts";
import { isMet, type Precondition } from "../../commands/decide/precondition.ts";
import { differingSettings, wholly, type WholeSettings } from "./differing-settings.ts";
import { switched, type SwitchEndpoint } from "./switch.ts";

/** What a caller wants done to one endpoint. */
export type EndpointCommand = (
  | CreateEndpoint
  | PutEndpoint
  | ChangeEndpoint
  | SwitchEndpoint
  | RotateEndpointSecret
  | DeleteEndpoint
) & {
  /** The agents that the caller is bound to: an endpoint that is not their own does not exist for it. */
  readonly within?: ReadonlySet<string> | undefined;
};

/** Which endpoint a command is for. */
type EndpointIds = Pick<Endpoint, "workspace_id" | "endpoint_id">;

/** Of a new endpoint. The caller makes the key: it is random. */
type New = {
  readonly uid?: string | undefined;
  readonly settings: WholeSettings;
  readonly key: SigningKey;
};

type CreateEndpoint = New & {
  readonly kind: "create_endpoint";
  readonly endpoint: EndpointIds;
};

/** Sets all settings; creates the endpoint where it is named by a `uid` and not there. */
type PutEndpoint = New & {
  readonly kind: "put_endpoint";
  readonly endpoint: EndpointIds;
  readonly isNamedByUid: boolean;
};

type ChangeEndpoint = {
  readonly kind: "change_endpoint";
  readonly endpoint: EndpointIds;
  readonly uid?: string | undefined;
  readonly set: EndpointSettings;
};

type RotateEndpointSecret = {
  readonly kind: "rotate_endpoint_secret";
  readonly endpoint: EndpointIds;
  readonly key: SigningKey;
  /** When the keys before sign no more. */
  readonly former_expire_at: string;
};

type DeleteEndpoint = { readonly kind: "delete_endpoint"; readonly endpoint: EndpointIds };

type RejectedAs<Code extends string, Details extends object = object> = {
  readonly kind: "rejected";
  readonly code: Code;
} & Readonly<Details>;

/** Why a command is not carried out. */
export type EndpointRejection =
  | RejectedAs<"endpoint_not_found">
  /** `isSeen`: the caller may know the one that there is. */
  | RejectedAs<"endpoint_exists", { isSeen: boolean }>
  | RejectedAs<"endpoint_disabled">
  /** A `uid` never changes; undefined: the endpoint has none. */
  | RejectedAs<"uid_differs", { uid: string | undefined }>
  | RejectedAs<"too_many_signing_secrets">
  /** `version`: the endpoint's; undefined where it is not there. */
  | RejectedAs<"precondition_failed", { version: number | undefined }>;

export type AcceptedEndpoint = {
  readonly kind: "accepted";
  /** Empty when there is nothing to change. */
  readonly changes: readonly EndpointChange[];
  /** Of an endpoint that was switched on: since when its events were held. */
  readonly heldSince?: string | undefined;
};

type Decision = AcceptedEndpoint | EndpointRejection;

/**
 * The change that a command makes to an endpoint in this state, or why it is rejected. `If-Match` only counts for a
 * command that would be carried out (RFC 9110 section 13.2.1).
 */
export const decideEndpoint = (
  command: EndpointCommand,
  state: EndpointState,
  precondition?: Precondition,
): Decision => {
  const decision = decideUnconditionally(command, state);
  if (decision.kind === "rejected" || isMet(precondition, state)) return decision;
  const version = state.kind === "present" ? state.version : undefined;
  return { kind: "rejected", code: "precondition_failed", version };
};

const decideUnconditionally = (command: EndpointCommand, state: EndpointState): Decision => {
  const isSeen = state.kind === "present" && isOwnEndpoint(command.within, state.endpoint);
  if (command.kind === "create_endpoint") {
    return state.kind === "absent" ? accepted(creation(command)) : exists(isSeen);
  }
  if (state.kind === "absent") {
    return command.kind === "put_endpoint" && command.isNamedByUid
      ? accepted(creation(command))
      : rejected("endpoint_not_found");
  }
  if (!isSeen) {
    const isNamed = command.kind === "put_endpoint" && command.isNamedByUid;
    return isNamed ? exists(isSeen) : rejected("endpoint_not_found");
  }
  const { endpoint } = state;
  switch (command.kind) {
    case "put_endpoint":
      return withSame(command.uid, endpoint, () =>
        changed(differingSettings(endpoint, wholly(command.settings))),
      );
    case "change_endpoint":
      return withSame(command.uid, endpoint, () =>
        changed(differingSettings(endpoint, command.set)),
      );
    case "switch_endpoint":
      return switchedBy(command, endpoint);
    case "rotate_endpoint_secret":
      return rotated(command, endpoint);
    case "delete_endpoint":
      return accepted({ type: "endpoint_deleted", change: {} });
    default:
      return command satisfies never;
  }
};

const accepted = (...changes: readonly EndpointChange[]): AcceptedEndpoint => ({
  kind: "accepted",
  changes,
});

const rejected = <Code extends Exclude<EndpointRejection["code"], "endpoint_exists">>(code: Code) =>
  ({ kind: "rejected", code }) as const;

const exists = (isSeen: boolean) =>
  ({ kind: "rejected", code: "endpoint_exists", isSeen }) as const;

const creation = ({ endpoint, uid, settings, key }: CreateEndpoint | PutEndpoint) => {
  const change = { ...endpoint, ...(uid !== undefined && { uid }), ...settings };
  return {
    type: "endpoint_created",
    change: { ...change, signing: [key], switch: "on" },
  } satisfies EndpointChange;
};

const withSame = (uid: string | undefined, endpoint: Endpoint, decide: () => Decision): Decision =>
  uid === undefined || uid === endpoint.uid
    ? decide()
    : { kind: "rejected", code: "uid_differs", uid: endpoint.uid };

const changed = (set: EndpointSettings): Decision =>
  Object.keys(set).length === 0
    ? accepted()
    : accepted({ type: "endpoint_changed", change: { set } });

const switchedBy = (command: SwitchEndpoint, endpoint: Endpoint): Decision => {
  const next = switched(command, endpoint);
  switch (next.kind) {
    case "same":
      return accepted();
    case "disabled":
      return rejected("endpoint_disabled");
    case "switched": {
      const heldSince = next.change.switch === "on" ? endpoint.held_since : undefined;
      return { ...accepted({ type: "endpoint_switched", change: next.change }), heldSince };
    }
    default:
      return next satisfies never;
  }
};

/** A secret that is the newest one already is not set again: a caller who brings one may repeat the request. */
const rotated = (
  { key, former_expire_at }: RotateEndpointSecret,
  { signing }: Endpoint,
): Decision => {
  if (signing?.[0]?.secret === key.secret) return accepted();
  const after = liveKeys(withNewKey(signing, key, former_expire_at), Date.parse(key.created_at));
  return after.length > MAX_SIGNING_KEYS
    ? rejected("too_many_signing_secrets")
    : accepted({ type: "endpoint_secret_rotated", change: { key, former_expire_at } });
};
