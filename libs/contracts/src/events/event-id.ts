import type { StreamOrigin } from "../streams/stream-origin.ts";

/**
 * An event's id, the same over retries and redeliveries. It contains the time since which its stream has had such
 * sequences, so that ids stay unique when a stream is recreated or restored, and gives sequences again.
 */
export const eventId = (origin: StreamOrigin, sequence: number): string => {
  const { atMs } = origin.findLast(({ afterSeq }) => sequence > afterSeq) ?? origin[0];
  return `evt_${Math.floor(atMs / 1000).toString(36)}_${sequence}`;
};

/** The stream sequence in an event's id; undefined for another stream's id or an invalid one. */
export const eventSequence = (id: string, origin: StreamOrigin): number | undefined => {
  const match = /^evt_([0-9a-z]+)_([1-9]\d{0,15})$/.exec(id);
  if (!match) return undefined;
  const sequence = Number(match[2]);
  return eventId(origin, sequence) === id ? sequence : undefined;
};

/** The id of an event's first delivery. Opaque to readers. */
export const deliveryId = (sequence: number): string => String(sequence);
