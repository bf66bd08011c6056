import { Buffer } from "node:buffer";
import type { RowPosition } from "../projection/projection.ts";

/** The lists that come from the projection; a cursor of one is none of another. */
export type ListName = "events" | "attempts" | "dead_letters";

/** An opaque token for what comes after this place of a list. */
export const cursorAfterPlace = (list: ListName, { atMs, seq }: RowPosition): string =>
  Buffer.from(`${list}:${atMs}:${seq}`).toString("base64url");

/** The place in a cursor, or undefined when it is none of this list's. */
export const placeInCursor = (list: ListName, cursor: string): RowPosition | undefined => {
  const [name, at, seq, ...rest] = Buffer.from(cursor, "base64url").toString().split(":");
  if (name !== list || rest.length > 0) return undefined;
  const place = { atMs: Number(at), seq: Number(seq) };
  if (!Number.isSafeInteger(place.atMs) || !Number.isSafeInteger(place.seq)) return undefined;
  // Decoding is lenient: only what encodes to the same text again was made here.
  return cursorAfterPlace(list, place) === cursor ? place : undefined;
};
