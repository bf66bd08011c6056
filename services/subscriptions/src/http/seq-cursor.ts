import { Buffer } from "node:buffer";

/** An opaque token for the place before this sequence of a stream, in a list that is newest first. */
export const cursorBefore = (seq: number): string =>
  Buffer.from(`before:${seq}`).toString("base64url");

/** The sequence in a cursor, or undefined when it is none of ours. */
export const seqInCursor = (cursor: string): number | undefined => {
  const text = Buffer.from(cursor, "base64url").toString();
  const seq = Number(/^before:([1-9]\d{0,15})$/.exec(text)?.[1]);
  // Decoding is lenient: only what encodes to the same text again was made here.
  return Number.isSafeInteger(seq) && cursorBefore(seq) === cursor ? seq : undefined;
};
