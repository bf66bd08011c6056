import { DEAD_LETTER_REASONS, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { endpointIdIn } from "@ringback/contracts/deliveries/delivery-id";
import { deliveryId } from "@ringback/contracts/events/event";
import { partsOfEventSubject } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { seesPayloads, type Viewer } from "../hidden-payloads.ts";
import { attemptResponse, attemptResponseSchema, endpointFields } from "./attempt-response.ts";

/** A dead letter in a response. Its other fields stay internal. */
export const deadLetterResponseSchema = z.object({
  event_id: z.string(),
  event_type: z.string().nullable(),
  call_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  ...endpointFields,
  reason: z.enum(DEAD_LETTER_REASONS),
  at: z.string().meta({ description: "When it was given up." }),
  message: z.string(),
  last_attempt: attemptResponseSchema.nullable(),
  raw: z.string().optional().meta({
    description:
      "Of `invalid_event`, and of `internal` where it was set aside unread: the message as it came, base64, at most the first 64 KiB.",
  }),
  raw_truncated: z.boolean().optional(),
  raw_hidden: z.literal(true).optional().meta({
    description: "There is a message, which is for callers with `payloads`.",
  }),
});

type DeadLetterResponse = z.infer<typeof deadLetterResponseSchema>;

/** Presents a dead letter to a caller. The subject of an invalid event names its call, agent and type. */
export const deadLetterResponse = (
  eventId: string,
  deadLetter: DeadLetter,
  viewer: Viewer,
): DeadLetterResponse => {
  const { reason, at, message } = deadLetter;
  const common = { event_id: eventId, ...endpointOf(deadLetter), reason, at, message };
  if (deadLetter.reason === "invalid_event") {
    const { callId, agentId, eventType } = partsOfEventSubject(deadLetter.subject);
    const [call_id, agent_id, event_type] = [callId ?? null, agentId ?? null, eventType ?? null];
    const raw = rawOf(deadLetter, viewer);
    return { ...common, event_type, call_id, agent_id, last_attempt: null, ...raw };
  }
  const { event_type = null, call_id = null, agent_id = null, last_attempt: record } = deadLetter;
  const last = record && { seq: 0, deliveryId: deliveryIdOf(record), record };
  const last_attempt = last === undefined ? null : attemptResponse(last, viewer);
  const unread = deadLetter.reason === "internal" ? rawOf(deadLetter, viewer) : {};
  return { ...common, event_type, call_id, agent_id, last_attempt, ...unread };
};

/** The message as it came, for callers who see payloads. */
const rawOf = (
  {
    raw,
    truncated,
  }: { readonly raw?: string | undefined; readonly truncated?: boolean | undefined },
  viewer: Viewer,
) => {
  if (raw === undefined) return {};
  return seesPayloads(viewer)
    ? { raw, ...(truncated === undefined ? {} : { raw_truncated: truncated }) }
    : { raw_hidden: true as const };
};

/** The endpoint that a dead letter is about; empty: the agent's subscription. */
export const endpointOf = (
  deadLetter: DeadLetter,
): { readonly endpoint_id?: string; readonly uid?: string } => {
  const endpoint_id = endpointIdIn(deadLetter);
  if (endpoint_id === undefined) return {};
  const uid: unknown = deadLetter["uid"];
  return { endpoint_id, ...(typeof uid === "string" ? { uid } : {}) };
};

/** Only the record of a redelivery names its delivery. */
const deliveryIdOf = (
  record: NonNullable<(DeadLetter & { reason: "exhausted" })["last_attempt"]>,
) =>
  typeof record["delivery_id"] === "string" ? record["delivery_id"] : deliveryId(record.event_seq);
