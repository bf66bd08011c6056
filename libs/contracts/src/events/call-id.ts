import { z } from "zod";

/** A call's id: visible ASCII without spaces, as in SIP's Call-ID. */
const CALL_ID_PATTERN = /^[\x21-\x7e]{1,128}$/;

/** Characters that a subject holds as they are; every other one becomes `=` and two hexadecimal digits. */
const ENCODED = /[^A-Za-z0-9_-]/g;
const PLAIN_PATTERN = /^[A-Za-z0-9_-]{1,128}$/;
const TOKEN_PATTERN = /^(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+$/;

export const callIdSchema = z
  .string()
  .regex(CALL_ID_PATTERN, "must be 1 to 128 characters of visible ASCII, without spaces");

export const isCallId = (text: string): boolean => CALL_ID_PATTERN.test(text);

/**
 * A call's id as a token of a subject: `a84b4c76@host.example` becomes `a84b4c76=40host=2Eexample`. Ids
 * of A-Z a-z 0-9 _ - stay as they are. Throws for an invalid id.
 */
export const callToken = (callId: string): string => {
  if (PLAIN_PATTERN.test(callId)) return callId;
  if (!isCallId(callId)) {
    throw new TypeError(`call id '${callId}' is not 1 to 128 characters of visible ASCII`);
  }
  return callId.replace(
    ENCODED,
    (character) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
};

/**
 * The call's id of a token; undefined for an invalid token. Each id has exactly one token: an unnecessary escape is
 * invalid, or one call would have two subjects.
 */
export const callIdOf = (token: string): string | undefined => {
  if (!token.includes("=")) return PLAIN_PATTERN.test(token) ? token : undefined;
  if (!TOKEN_PATTERN.test(token)) return undefined;
  const callId = token.replace(/=(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return isCallId(callId) && callToken(callId) === token ? callId : undefined;
};
