import type { RequestBody } from "../send/request.ts";

/** An event's bytes, held until they are sent: waiting for a response needs no body. */
export type HeldBody = {
  readonly byteLength: number;
  /** Reads them again after they were dropped. */
  readonly bytes: () => Uint8Array | Promise<Uint8Array>;
  readonly drop: () => void;
};

/** `readAgain` reads the same bytes from their stream; `onDrop` is called once. */
export const heldBody = (
  bytes: Uint8Array,
  readAgain: () => Promise<Uint8Array>,
  onDrop: () => void = () => undefined,
): HeldBody => {
  let held: Uint8Array | undefined = bytes;
  return {
    byteLength: bytes.byteLength,
    bytes: () => held ?? readAgain(),
    drop: () => {
      if (held === undefined) return;
      held = undefined;
      onDrop();
    },
  };
};

/**
 * undici keeps a body until the response, an iterator until it was written. Below this size the iterator
 * costs more than the bytes: 4,096 of them are 64 MiB.
 */
const DROP_FROM_BYTES = 16 * 1024;

/** `onSent` is called when the bytes are held no longer, and never for small ones. */
export const bodyToSend = (body: HeldBody, bytes: Uint8Array, onSent: () => void): RequestBody => {
  const { byteLength } = body;
  if (byteLength < DROP_FROM_BYTES) return bytes;
  return {
    byteLength,
    async *[Symbol.asyncIterator]() {
      yield await body.bytes();
      // The next read: all has gone to the socket.
      body.drop();
      onSent();
    },
  };
};
