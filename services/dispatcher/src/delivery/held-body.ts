import type { RequestBody } from "../send/request.ts";

/** An event's bytes, held until they are sent: an answer may be waited for without them. */
export type HeldBody = {
  readonly byteLength: number;
  /** Once they were let go: read again. */
  readonly bytes: () => Uint8Array | Promise<Uint8Array>;
  readonly letGo: () => void;
};

/** `readAgain` gives the same bytes from where they are stored; `onLetGo` is called once. */
export const heldBody = (
  bytes: Uint8Array,
  readAgain: () => Promise<Uint8Array>,
  onLetGo: () => void = () => undefined,
): HeldBody => {
  let held: Uint8Array | undefined = bytes;
  return {
    byteLength: bytes.byteLength,
    bytes: () => held ?? readAgain(),
    letGo: () => {
      if (held === undefined) return;
      held = undefined;
      onLetGo();
    },
  };
};

/**
 * undici keeps a body until the answer is there, an iterator until it was written. Below this size the
 * iterator costs more than the bytes do: 4,096 of them are 64 MiB.
 */
const LET_GO_FROM_BYTES = 16 * 1024;

/** `onSent` is told when nobody here holds the bytes any more, and never of small ones. */
export const bodyToSend = (body: HeldBody, bytes: Uint8Array, onSent: () => void): RequestBody => {
  const { byteLength } = body;
  if (byteLength < LET_GO_FROM_BYTES) return bytes;
  return {
    byteLength,
    async *[Symbol.asyncIterator]() {
      yield await body.bytes();
      // Asked for more: all has gone to the socket.
      body.letGo();
      onSent();
    },
  };
};
