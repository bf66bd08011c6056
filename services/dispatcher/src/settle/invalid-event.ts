import { Buffer } from "node:buffer";
import { MAX_RAW_MESSAGE_BYTES, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { InHand } from "./in-flight.ts";

/** The dead letter of a message that could not be understood. */
export const invalidEvent = (
  hand: InHand,
  eventId: string,
  message: string,
  nowMs: number,
): DeadLetter => {
  const { data, subject, seq } = hand.message;
  return {
    reason: "invalid_event",
    event_id: eventId,
    event_seq: seq,
    at: new Date(nowMs).toISOString(),
    message,
    subject,
    raw: Buffer.from(data.subarray(0, MAX_RAW_MESSAGE_BYTES)).toString("base64"),
    truncated: data.byteLength > MAX_RAW_MESSAGE_BYTES,
  };
};
