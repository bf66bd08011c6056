import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { endpointIdIn, endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import { partsOfEventSubject } from "@ringback/contracts/streams/subjects";
import { seesAgent, seesEndpoint, type Sight } from "../../sight/decide/sight.ts";

/** Whether a caller that sees the event sees this attempt: one at an endpoint of others does not exist for it. */
export const seesAttempt = (
  sight: Sight,
  { deliveryId }: { readonly deliveryId: string },
): boolean => seesEndpoint(sight, endpointIdOf(deliveryId));

/** Whether a dead letter is of an agent that is seen, and of a delivery to a destination that is. */
export const seesDeadLetter = (sight: Sight, deadLetter: DeadLetter): boolean => {
  const agentId =
    deadLetter.reason === "invalid_event"
      ? partsOfEventSubject(deadLetter.subject).agentId
      : deadLetter.agent_id;
  return seesAgent(sight, agentId) && seesEndpoint(sight, endpointIdIn(deadLetter));
};
