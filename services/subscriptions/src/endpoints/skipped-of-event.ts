import { readEvent } from "@ringback/contracts/events/event";
import type { SkippedOf } from "../events/skipped-endpoint.ts";
import { subjectOfEvent } from "../filters/subject.ts";
import { skippedEndpoints } from "./decide/skipped-endpoints.ts";
import type { EndpointList } from "./endpoint-list.ts";

/** What an event skipped of the endpoints in this list. What cannot be delivered at all skips nobody. */
export const skippedOfEvent =
  ({ list }: Pick<EndpointList, "list">): SkippedOf =>
  (sight, { event, destinations }) => {
    const { address, subject, body, storedAtMs } = event;
    if (address === undefined || readEvent(subject, body).kind === "invalid") return [];
    return skippedEndpoints(list(sight), {
      agentId: address.agentId,
      eventType: address.eventType,
      storedAtMs,
      subject: subjectOfEvent(event),
      destinations: new Set(destinations.map(({ endpointId }) => endpointId)),
    });
  };
