import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type {
  EndpointChange,
  EndpointEvent,
  EndpointState,
} from "@ringback/contracts/endpoints/endpoint-event";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import {
  endpointOwner,
  openEndpoint,
  sealEndpoint,
} from "@ringback/contracts/secrets/endpoint-secrets";
import {
  openSubscription,
  sealSigningKey,
  sealSubscription,
  type Sealer,
} from "@ringback/contracts/secrets/subscription-secrets";
import type { EndpointAddress } from "@ringback/contracts/streams/endpoint-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";

/** Seals the secrets of an endpoint's event, in its change and in its state. */
export const sealEndpointEvent = (
  address: EndpointAddress,
  event: EndpointEvent,
  sealer: Pick<Sealer, "seal">,
): EndpointEvent => {
  const owner = endpointOwner(address);
  const sealed = {
    endpoint: event.endpoint === null ? null : sealEndpoint(event.endpoint, sealer),
  };
  if (event.type === "endpoint_secret_rotated") {
    const key = sealSigningKey(owner, event.change.key, sealer);
    return { ...event, ...sealed, change: { ...event.change, key } };
  }
  return { ...withTexts(event, (one) => sealSubscription(owner, one, sealer)), ...sealed };
};

/** A change with its secrets open, except those that no key opens, and the one of a rotation, which nobody sees. */
export const openEndpointChange = (
  address: EndpointAddress,
  change: EndpointChange,
  sealer: Pick<Sealer, "open">,
): EndpointChange =>
  withTexts(change, (one) => openSubscription(endpointOwner(address), one, sealer).subscription);

/** An endpoint's state with its secrets open. What no key opens stays sealed; the log says so. */
export const openEndpointState = (
  { workspaceId: workspace_id, endpointId: endpoint_id }: EndpointAddress,
  state: EndpointState,
  sealer: Pick<Sealer, "open">,
  log?: Logger,
): EndpointState => {
  if (state.kind === "absent") return state;
  const { endpoint, problems } = openEndpoint(state.endpoint, sealer);
  if (problems.length > 0)
    log?.error({ workspace_id, endpoint_id, problems }, "secrets.unreadable");
  return { ...state, endpoint };
};

type Replace = (subscription: Subscription) => Subscription;

/** The change with the texts of its settings replaced. */
const withTexts = <C extends EndpointChange>(change: C, replace: Replace): C => {
  if (change.type === "endpoint_created") {
    return { ...change, change: { ...change.change, ...replaced(change.change, replace) } };
  }
  if (change.type !== "endpoint_changed") return change;
  const { set } = change.change;
  return { ...change, change: { set: { ...set, ...replaced(set, replace) } } };
};

type Texts = Partial<Pick<Endpoint, "url" | "headers" | "signing">>;

/** Those of these fields that are there, in the form of a subscription meanwhile. */
const replaced = ({ url, headers, signing }: Texts, replace: Replace): Texts => {
  const after = replace({
    event_type: "",
    callback_url: url ?? "",
    headers: headers ?? {},
    method_type: "POST",
    ...(signing && { signing }),
  });
  return {
    ...(url !== undefined && { url: after.callback_url }),
    ...(headers !== undefined && { headers: after.headers }),
    ...(after.signing && { signing: after.signing }),
  };
};
