/**
 * An event's id, the same over retries and redeliveries. It names the stream's age too, so that ids
 * stay unique when a stream was made anew and its sequence began again.
 */
export const eventId = (streamCreatedMs: number, sequence: number): string =>
  `evt_${Math.floor(streamCreatedMs / 1000).toString(36)}_${sequence}`;

/** The stream sequence in an event's id, or undefined when it is of another stream or no event id. */
export const eventSequence = (id: string, streamCreatedMs: number): number | undefined => {
  const match = /^evt_([0-9a-z]+)_([1-9]\d{0,15})$/.exec(id);
  if (!match) return undefined;
  const sequence = Number(match[2]);
  return eventId(streamCreatedMs, sequence) === id ? sequence : undefined;
};

/** The id of an event's one delivery. Opaque to readers: several per event may come. */
export const deliveryId = (sequence: number): string => String(sequence);
