import { z } from "zod";
import { jsonIn } from "../json/json-in.ts";
import { attemptSubject, type EventAddress } from "../streams/subjects.ts";
import { deliveryId } from "../events/event-id.ts";

/** One delivery of a fan-out. */
const fannedOutSchema = z.looseObject({
  delivery_id: z.string(),
  /** Missing: the agent's subscription. */
  endpoint_id: z.string().optional(),
  uid: z.string().optional(),
});

/**
 * The destinations of an event, decided when it was first handled. Stored on ATTEMPTS before the first attempt, for
 * an event that one delivery does not do: with several destinations, or with one endpoint whose first attempt was
 * put off. For any other event its one delivery says the same.
 */
export const fanOutSchema = z.looseObject({
  event_id: z.string(),
  event_seq: z.int().positive(),
  /** When it was decided, RFC 3339. */
  at: z.iso.datetime(),
  deliveries: z.array(fannedOutSchema).min(1),
});

export type FanOut = z.infer<typeof fanOutSchema>;

const FAN_OUT_TOKEN = "fan_out";

/** The subject of an event's fan-out: beside the records of its deliveries, and never one of them. */
export const fanOutSubject = (at: EventAddress, eventSeq: number): string =>
  `${attemptSubject(at, deliveryId(eventSeq))}.${FAN_OUT_TOKEN}`;

/** The event's sequence in the subject of a fan-out; undefined for any other subject. */
export const eventSeqInFanOutSubject = (subject: string): number | undefined => {
  const tokens = subject.split(".");
  if (tokens[0] !== "attempts" || tokens.length !== 7 || tokens[6] !== FAN_OUT_TOKEN) {
    return undefined;
  }
  const seq = Number(tokens[5]);
  return Number.isSafeInteger(seq) && seq > 0 ? seq : undefined;
};

/** The fan-out in these bytes; undefined where they hold none. */
export const readFanOut = (data: Uint8Array): FanOut | undefined =>
  fanOutSchema.safeParse(jsonIn(data)).data;
