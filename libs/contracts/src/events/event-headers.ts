/** At most this many headers may come with an event, the producer's and NATS's own together. */
export const MAX_EVENT_HEADERS = 64;

/** At most this much of them, in bytes as they are on the wire; a NATS server stores up to 64 KiB. */
export const MAX_EVENT_HEADER_BYTES = 8 * 1024;

const CR = 13;
const LF = 10;

/**
 * The problem of a message's headers as they are on the wire (`NATS/1.0`, the headers, an empty line), or
 * undefined. Counts them without decoding: decoding costs the square of their number, and throws for an invalid
 * name.
 */
export const headersProblem = (raw: Uint8Array): string | undefined => {
  if (raw.byteLength === 0) return undefined;
  if (raw.byteLength > MAX_EVENT_HEADER_BYTES) {
    return `headers are ${raw.byteLength} bytes, over the limit of ${MAX_EVENT_HEADER_BYTES}`;
  }
  let lines = 0;
  for (let n = 1; n < raw.byteLength; n += 1) if (raw[n] === LF && raw[n - 1] === CR) lines += 1;
  const count = lines - 2; // without the version and the empty line
  if (count <= MAX_EVENT_HEADERS) return undefined;
  return `there are ${count} headers, over the limit of ${MAX_EVENT_HEADERS}`;
};
