import { Buffer } from "node:buffer";
import type { JsMsg } from "@nats-io/jetstream";
import type { Msg, MsgHdrs } from "@nats-io/nats-core";

const NONE = new Uint8Array();

/**
 * A message's headers as they are on the wire, empty when it has none. They can be measured so without
 * decoding them: the client does that when they are first asked for, in the square of their number.
 */
export const rawHeaders = (message: JsMsg): Uint8Array => {
  const { data } = message;
  // The client keeps both in one buffer and gives the size of both together; neither is in JsMsg.
  const { msg } = message as unknown as { readonly msg: Msg & { readonly size: () => number } };
  const address = Buffer.byteLength(message.subject) + Buffer.byteLength(msg.reply ?? "");
  const length = msg.size() - address - data.byteLength;
  return length > 0 ? new Uint8Array(data.buffer, data.byteOffset - length, length) : NONE;
};

/** Lets go of a message's headers and body, which may be large: it can still be acknowledged. */
export const letGoOfContent = (message: JsMsg): void => {
  // Both are one buffer, which the client keeps for as long as there is the message.
  const { msg } = message as unknown as { readonly msg: Msg };
  Object.assign(msg, { _rdata: undefined });
};

/**
 * Reads headers by name ("" for one that is missing), or undefined when they cannot be decoded: the
 * client throws at the first look at a name with a character that names do not have.
 */
export const headerReader = (
  decode: () => MsgHdrs | undefined,
): ((name: string) => string) | undefined => {
  try {
    const headers = decode();
    return (name) => headers?.get(name) ?? "";
  } catch {
    return undefined;
  }
};
