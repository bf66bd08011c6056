import { Buffer } from "node:buffer";
import type { JsMsg } from "@nats-io/jetstream";
import { rawHeaders } from "@ringback/runtime/message-headers";

/** What of a message is looked at. */
export type StreamMessage = {
  readonly subject: string;
  readonly seq: number;
  /** When the stream stored it. */
  readonly atMs: number;
  readonly data: Uint8Array;
  /** The last header of this name, "" for none. */
  readonly header: (name: string) => string;
};

export const streamMessage = (message: JsMsg): StreamMessage => ({
  subject: message.subject,
  seq: message.seq,
  atMs: Math.floor(message.info.timestampNanos / 1e6),
  data: message.data,
  header: (name) => headerIn(rawHeaders(message), name),
});

/**
 * A header in those of a message as they are on the wire. Not decoded: the headers of events are the
 * producers', and decoding them costs the square of their number and throws where a name is none. The
 * last one counts, as the server appends its own.
 */
export const headerIn = (raw: Uint8Array, name: string): string => {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const begin = `\r\n${name}:`;
  const at = text.lastIndexOf(begin);
  if (at === -1) return "";
  const from = at + begin.length;
  const end = text.indexOf("\r\n", from);
  return text.toString("utf8", from, end === -1 ? undefined : end).trim();
};
