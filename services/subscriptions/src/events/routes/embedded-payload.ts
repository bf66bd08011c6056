import { Buffer, isUtf8 } from "node:buffer";

/** A payload in a response: the stored bytes where they are JSON, else base64. */
export type EmbeddedPayload =
  | { readonly kind: "json"; readonly bytes: Uint8Array }
  | { readonly kind: "base64"; readonly text: string; readonly isTruncated: boolean };

/** The longest part of an invalid payload in a response. No endpoint got it, and a call returns all of it. */
const MAX_BASE64_BYTES = 64 * 1024;

/** Prepares a payload for a JSON response. */
export const embeddedPayload = (body: Uint8Array): EmbeddedPayload => {
  if (isJson(body)) return { kind: "json", bytes: body };
  const text = Buffer.from(body.subarray(0, MAX_BASE64_BYTES)).toString("base64");
  return { kind: "base64", text, isTruncated: body.byteLength > MAX_BASE64_BYTES };
};

const isJson = (body: Uint8Array): boolean => {
  if (!isUtf8(body)) return false;
  try {
    JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    return true;
  } catch {
    return false;
  }
};

/**
 * The JSON of an object with a payload as its last field. The payload's bytes stay as they are: parsing and
 * printing would change large numbers and the order of keys.
 */
export const withPayload = (head: object, payload: EmbeddedPayload): Buffer => {
  const fields =
    payload.kind === "json"
      ? head
      : {
          ...head,
          payload_base64: payload.text,
          ...(payload.isTruncated ? { payload_truncated: true } : {}),
        };
  const text = `${JSON.stringify(fields).slice(0, -1)},"payload":`;
  const value = payload.kind === "json" ? payload.bytes : Buffer.from("null");
  return Buffer.concat([Buffer.from(text), value, Buffer.from("}")]);
};

/** The same for who may not see the payload. */
export const withoutPayload = (head: object): Buffer =>
  Buffer.from(JSON.stringify({ ...head, payload_hidden: true, payload: null }));

/** The JSON of an object with a list of JSON texts as its first field. */
export const withList = (name: string, elements: readonly Buffer[], rest: object): Buffer => {
  const parts = elements.flatMap((element, n) => (n === 0 ? [element] : [COMMA, element]));
  const end = JSON.stringify(rest).slice(1);
  return Buffer.concat([
    Buffer.from(`{${JSON.stringify(name)}:[`),
    ...parts,
    Buffer.from(end === "}" ? "]}" : `],${end}`),
  ]);
};

const COMMA = Buffer.from(",");
