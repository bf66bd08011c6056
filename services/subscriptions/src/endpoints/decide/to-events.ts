import {
  evolveEndpoint,
  type EndpointChange,
  type EndpointEvent,
  type EndpointState,
} from "@ringback/contracts/endpoints/endpoint-event";
import type { IdempotencyMark } from "@ringback/contracts/streams/request-record";
import { eventsOf, type ChangeMetadata } from "../../commands/decide/events-of.ts";

/** The events of these changes, in order. Each carries the state that it led to. */
export const toEndpointEvents = (
  changes: readonly EndpointChange[],
  before: EndpointState,
  metadata: ChangeMetadata,
  idempotency?: IdempotencyMark,
): EndpointEvent[] =>
  eventsOf(changes, before, idempotency, (state: EndpointState, change) => {
    const after = evolveEndpoint(state, { ...change, ...metadata });
    const endpoint = after.kind === "present" ? after.endpoint : null;
    return { state: after, event: { ...change, ...metadata, version: after.version, endpoint } };
  });

/** The resulting state in an endpoint's event. */
export const endpointAfter = ({ version, endpoint }: EndpointEvent): EndpointState =>
  endpoint === null ? { kind: "absent", version } : { kind: "present", version, endpoint };
