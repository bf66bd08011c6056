/**
 * An event's id, the same over retries and redeliveries. It contains the stream's creation time, so that ids stay
 * unique when a stream is recreated and its sequence begins again.
 */
export const eventId = (streamCreatedMs: number, sequence: number): string =>
  `evt_${Math.floor(streamCreatedMs / 1000).toString(36)}_${sequence}`;

/** The stream sequence in an event's id; undefined for another stream's id or an invalid one. */
export const eventSequence = (id: string, streamCreatedMs: number): number | undefined => {
  const match = /^evt_([0-9a-z]+)_([1-9]\d{0,15})$/.exec(id);
  if (!match) return undefined;
  const sequence = Number(match[2]);
  return eventId(streamCreatedMs, sequence) === id ? sequence : undefined;
};

/** The id of an event's first delivery. Opaque to readers. */
export const deliveryId = (sequence: number): string => String(sequence);
