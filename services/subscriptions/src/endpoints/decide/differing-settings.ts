import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type { EndpointSettings } from "@ringback/contracts/endpoints/endpoint-event";

const SETTINGS = [
  "url",
  "method_type",
  "headers",
  "agents",
  "event_types",
  "delivery",
  "description",
  "metadata",
  "filter",
  "order",
] as const;

/** All settings of an endpoint; an optional one that is missing is not set. */
export type WholeSettings = Pick<Endpoint, (typeof SETTINGS)[number]>;

/** With null for each optional setting that is missing. */
export const wholly = (settings: WholeSettings): Required<EndpointSettings> => ({
  delivery: null,
  description: null,
  metadata: null,
  filter: null,
  order: null,
  ...settings,
});

/** What of these settings is not so already. The order of headers and of other names says nothing. */
export const differingSettings = (
  endpoint: WholeSettings,
  wanted: EndpointSettings,
): EndpointSettings =>
  Object.fromEntries(
    SETTINGS.filter((name) => {
      const value = wanted[name];
      return value !== undefined && textOf(value) !== textOf(endpoint[name] ?? null);
    }).map((name) => [name, wanted[name]]),
  );

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_name, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
