import { subscriptionOf, type Endpoint } from "../endpoints/endpoint.ts";
import type { EndpointAddress } from "../streams/endpoint-subject.ts";
import type { Sealer } from "./sealed-text.ts";
import {
  isSealedNow,
  openSubscription,
  sealSubscription,
  type SecretsOwner,
} from "./subscription-secrets.ts";
import type { Subscription } from "../agents/subscription.ts";

/** No agent has this id, so that no text of an agent opens as an endpoint's. */
const ENDPOINT = "endpoint:";

/** The owner of an endpoint's secrets. */
export const endpointOwner = ({ workspaceId, endpointId }: EndpointAddress): SecretsOwner => [
  workspaceId,
  ENDPOINT,
  endpointId,
];

const ownerOf = ({ workspace_id: workspaceId, endpoint_id: endpointId }: Endpoint): SecretsOwner =>
  endpointOwner({ workspaceId, endpointId });

const withTexts = (endpoint: Endpoint, { callback_url, headers, signing }: Subscription) => ({
  ...endpoint,
  url: callback_url,
  headers,
  ...(signing && { signing }),
});

/** The endpoint as it is stored. Secrets that could not be opened stay sealed. */
export const sealEndpoint = (endpoint: Endpoint, sealer: Pick<Sealer, "seal">): Endpoint =>
  withTexts(endpoint, sealSubscription(ownerOf(endpoint), subscriptionOf(endpoint, ""), sealer));

export type OpenedEndpoint = {
  /** Secrets that could not be opened are still sealed. */
  readonly endpoint: Endpoint;
  /** A sentence for each secret that could not be opened, with its name. */
  readonly problems: readonly string[];
};

/** A stored endpoint with its secrets opened. */
export const openEndpoint = (endpoint: Endpoint, sealer: Pick<Sealer, "open">): OpenedEndpoint => {
  const stored = subscriptionOf(endpoint, "");
  const { subscription, problems } = openSubscription(ownerOf(endpoint), stored, sealer);
  return { endpoint: withTexts(endpoint, subscription), problems };
};

/** True when no secret of a stored endpoint needs to be sealed again. */
export const isEndpointSealedNow = (
  endpoint: Endpoint,
  sealer: Pick<Sealer, "isCurrent">,
): boolean => isSealedNow(ownerOf(endpoint), subscriptionOf(endpoint, ""), sealer);
