import type { JsMsg } from "@nats-io/jetstream";
import { deliveryIdParts } from "@ringback/contracts/deliveries/delivery-id";
import { readRetry, type ReadRetry } from "@ringback/contracts/deliveries/retry-message";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import { parseDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { headerReader, rawHeaders } from "@ringback/runtime/nats/message-headers";

/** The retry in a message of RETRIES, or what is wrong with the message. */
export const readRetryMessage = (message: JsMsg): ReadRetry => {
  const { subject } = message;
  const named = parseDueRetrySubject(subject);
  if (named === undefined) {
    const expected = "retries.due.<workspace_id>.<agent_id>.<delivery_id>";
    return { kind: "invalid", message: `subject '${subject}' is not ${expected}` };
  }
  const header = headersOf(message);
  if (header === undefined) {
    return { kind: "invalid", message: "headers of a retry: they are no headers, or too many" };
  }
  const read = readRetry(named.agent, header);
  if (read.kind === "invalid") return read;
  const { deliveryId, eventSeq } = read.retry;
  if (deliveryIdParts(deliveryId)?.eventSeq !== eventSeq) {
    // One event's payload would go out, and be recorded, as another's delivery.
    const problem = `they name delivery '${deliveryId}', which is none of event ${eventSeq}`;
    return { kind: "invalid", message: `headers of a retry: ${problem}` };
  }
  // It waits no longer; only its schedule is asked what for.
  const retry = { ...read.retry, waitsFor: undefined };
  if ((named.deliveryId ?? deliveryId) === deliveryId) return { kind: "retry", retry };
  const problem = `they name delivery '${deliveryId}', subject '${subject}' another`;
  return { kind: "invalid", message: `headers of a retry: ${problem}` };
};

/** Only dispatchers may publish here, and yet: too many or broken headers are not decoded. */
export const headersOf = (message: JsMsg) =>
  headersProblem(rawHeaders(message)) === undefined
    ? headerReader(() => message.headers)
    : undefined;
