import { Buffer } from "node:buffer";

/**
 * A JSON text on one line, byte for byte but for its line breaks: payloads in it stay as they were published.
 * In JSON a line break is never part of a string.
 */
export const jsonLine = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes).replaceAll(/[\r\n]+/g, " ");

/** `value` as a line of JSON with the payload's own text in it; a payload that is no JSON in base64. */
export const withPayload = (value: object, payload: Uint8Array): string => {
  const line = JSON.stringify(value).slice(0, -1);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    JSON.parse(text);
    return `${line},"payload":${text.replaceAll(/[\r\n]+/g, " ").trim()}}`;
  } catch {
    return `${line},"payload_base64":"${Buffer.from(payload).toString("base64")}"}`;
  }
};
