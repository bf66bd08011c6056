import { exactText, jsonFault, parseExact } from "../../format/exact-json.ts";
import type { FieldError } from "../../api/problem.ts";
import type { Pair } from "../../ui/tokens-field.tsx";
import type { Endpoint } from "../destinations/api-types.ts";
import {
  deliveryDraftOf,
  orderDraftOf,
  orderOf,
  pairsOf,
  policyOf,
  recordOf,
  repeatedName,
  type DeliveryDraft,
  type OrderDraft,
} from "../destinations/delivery-draft.ts";

/** An endpoint as somebody types it. */
export type EndpointDraft = {
  readonly url: string;
  readonly uid: string;
  readonly description: string;
  readonly method: string;
  readonly headers: readonly Pair[];
  /** `["*"]`: all of them. */
  readonly agents: readonly string[];
  readonly eventTypes: readonly string[];
  readonly delivery: DeliveryDraft;
  readonly order: OrderDraft;
  /** JSON; "": none. */
  readonly filter: string;
  readonly metadata: readonly Pair[];
};

/** The fields of an endpoint as requests have them; null takes one away. */
export type EndpointFields = Readonly<Record<string, unknown>>;

export const ALL = "*";

/** A new one: for all agents, or for those that the caller is bound to. */
export const newDraft = (agents: readonly string[] | null): EndpointDraft =>
  draftOf({
    url: "",
    method_type: "POST",
    headers: {},
    agents: [...(agents ?? [ALL])],
    event_types: [ALL],
  });

type Settings = Pick<Endpoint, "url" | "method_type" | "headers" | "agents" | "event_types"> &
  Partial<Endpoint>;

export const draftOf = (endpoint: Settings): EndpointDraft => ({
  url: endpoint.url,
  uid: endpoint.uid ?? "",
  description: endpoint.description ?? "",
  method: endpoint.method_type,
  headers: pairsOf(endpoint.headers),
  agents: endpoint.agents,
  eventTypes: endpoint.event_types,
  delivery: deliveryDraftOf(endpoint.delivery),
  order: orderDraftOf(endpoint.order),
  filter: endpoint.filter === undefined ? "" : exactText(endpoint.filter),
  metadata: pairsOf(endpoint.metadata),
});

/** What is wrong with a draft that no request can say; the rest is for the API. */
export const faultsOf = (draft: EndpointDraft): readonly FieldError[] => {
  const header = repeatedName(draft.headers);
  const pair = repeatedName(draft.metadata);
  const filter = jsonFault(draft.filter);
  return [
    ...(header === undefined
      ? []
      : [{ path: `headers.${header}`, message: `'${header}' stands there twice` }]),
    ...(pair === undefined ? [] : [{ path: "metadata", message: `'${pair}' stands there twice` }]),
    ...(filter === undefined ? [] : [{ path: "filter", message: filter }]),
  ];
};

/** All fields of a draft without faults; what is not set is undefined. */
const fieldsOf = (draft: EndpointDraft): EndpointFields => ({
  url: draft.url.trim(),
  uid: textOf(draft.uid),
  description: textOf(draft.description),
  method_type: draft.method,
  headers: recordOf(draft.headers),
  agents: draft.agents,
  event_types: draft.eventTypes,
  delivery: policyOf(draft.delivery),
  order: orderOf(draft.order),
  filter: draft.filter.trim() === "" ? undefined : parseExact(draft.filter),
  metadata: draft.metadata.length === 0 ? undefined : recordOf(draft.metadata),
});

const textOf = (text: string): string | undefined => (text.trim() === "" ? undefined : text.trim());

/** What a new endpoint is created with. */
export const creationOf = (draft: EndpointDraft): EndpointFields =>
  Object.fromEntries(Object.entries(fieldsOf(draft)).filter(([, value]) => value !== undefined));

/**
 * The fields that differ, with null for those that were taken away: what nobody touched is not sent, so that a value
 * that the caller may not see stays as it is.
 */
export const changesOf = (before: EndpointDraft, after: EndpointDraft): EndpointFields => {
  const old = fieldsOf(before);
  return Object.fromEntries(
    Object.entries(fieldsOf(after))
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name]))
      .map(([name, value]) => [name, value ?? null]),
  );
};
