import type { JsMsg } from "@nats-io/jetstream";
import { headerIn, rawHeaders } from "@ringback/runtime/nats/message-headers";

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
