import { Buffer } from "node:buffer";
import type { JsMsg, StoredMsg } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";

/** Set by the server on messages that are read without their bodies. */
export const MESSAGE_SIZE_HEADER = "Nats-Msg-Size";

const NONE = new Uint8Array();

/** The raw headers of a message of a stream; empty when it has none, or was released. */
export const rawHeaders = (message: Pick<JsMsg, "subject" | "data">): Uint8Array =>
  rawHeadersOf((message as unknown as { readonly msg: Msg }).msg);

/**
 * The raw headers of a message; empty when it has none. Reading `headers` would decode them, which takes the square of
 * their number.
 */
export const rawHeadersOf = (msg: Msg): Uint8Array => {
  const { data } = msg;
  if (isReleased(msg)) return NONE;
  // The client keeps headers and body in one buffer. `size`, which is missing in its type, counts both.
  const { size } = msg as Msg & { readonly size: () => number };
  const address = Buffer.byteLength(msg.subject) + Buffer.byteLength(msg.reply ?? "");
  const length = size.call(msg) - address - data.byteLength;
  return length > 0 ? new Uint8Array(data.buffer, data.byteOffset - length, length) : NONE;
};

const isReleased = (msg: Msg): boolean => "_rdata" in msg && msg["_rdata"] === undefined;

/** Frees a message's headers and body, which may be large; it can still be acknowledged. */
export const releaseContent = (message: JsMsg): void => {
  // Headers and body are one buffer, which the client keeps as long as the message.
  const { msg } = message as unknown as { readonly msg: Msg };
  Object.assign(msg, { _rdata: undefined });
};

/**
 * One header in raw headers; "" when it is missing. The last one counts, as the server appends its own. Producers
 * choose an event's headers: decoding them would take the square of their number, and throw at an invalid name.
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

/** The same for a message that was read by its sequence, or as the last one of its subject. */
export const storedHeaders = (message: StoredMsg): ((name: string) => string) => {
  // The server's reply, which is missing in the client's type: `header` would decode all headers.
  const { smr } = message as unknown as { readonly smr: { readonly message: { hdrs?: string } } };
  const raw = Buffer.from(smr.message.hdrs ?? "", "base64");
  return (name) => headerIn(raw, name);
};

/** One header of such a message. */
export const storedHeader = (message: StoredMsg, name: string): string =>
  storedHeaders(message)(name);

/**
 * Reads headers by name ("" for a missing one); undefined when they cannot be decoded, as the client throws for a name
 * with an invalid character.
 */
export const headerReader = (
  decode: () => { readonly get: (name: string) => string } | undefined,
): ((name: string) => string) | undefined => {
  try {
    const headers = decode();
    return (name) => headers?.get(name) ?? "";
  } catch {
    return undefined;
  }
};
