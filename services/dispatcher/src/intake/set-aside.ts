import { Buffer } from "node:buffer";
import { MAX_RAW_MESSAGE_BYTES, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { parseDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { parseEventSubject } from "@ringback/contracts/streams/subjects";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { HandleDeps } from "./handle-event.ts";
import type { InHand } from "../settle/in-flight.ts";
import { countGivenUp } from "../metrics.ts";
import { settleDeadLetter } from "../settle/settle.ts";

/**
 * A message that ended the processes which read it is kept as a dead letter without being read: what is
 * known of it is what its subject says, and its bytes are as they came.
 */
export const setAside = async (hand: InHand, deps: HandleDeps): Promise<void> => {
  const { subject, seq, data, info } = hand.message;
  // All that a message of RETRIES says is in its headers.
  const bytes = data.byteLength > 0 ? data : rawHeaders(hand.message);
  const letter: DeadLetter = {
    reason: "internal",
    ...idsIn(hand, deps),
    at: new Date(deps.now()).toISOString(),
    message: `set aside without being read: processes that read it died, it was handed out ${info.deliveryCount} times`,
    subject,
    raw: Buffer.from(bytes.subarray(0, MAX_RAW_MESSAGE_BYTES)).toString("base64"),
    truncated: bytes.byteLength > MAX_RAW_MESSAGE_BYTES,
  };
  deps.log.error({ subject, seq, handed_out: info.deliveryCount }, "delivery.set_aside");
  deps.metrics.ownFaults.inc({ fault: "unexpected" });
  await settleDeadLetter(hand, letter, deps, `set_aside:${seq}`);
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "event") countGivenUp(deps.metrics, parsed.address);
};

const idsIn = ({ message: { subject, seq } }: InHand, { journal }: HandleDeps) => {
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "event") {
    const { workspaceId, callId, agentId, eventType } = parsed.address;
    return {
      event_id: journal.eventId(seq),
      event_seq: seq,
      event_type: eventType,
      call_id: callId,
      agent_id: agentId,
      workspace_id: workspaceId,
    };
  }
  const due = parseDueRetrySubject(subject);
  if (due !== undefined)
    return { agent_id: due.agent.agentId, workspace_id: due.agent.workspaceId };
  return subject.startsWith("events.") ? { event_id: journal.eventId(seq), event_seq: seq } : {};
};
