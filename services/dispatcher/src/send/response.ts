import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { MAX_BODY_EXCERPT_BYTES } from "@ringback/contracts/deliveries/attempt";

const MAX_BODY_BYTES = 64 * 1024;
/**
 * More than is kept: enough of a secret that an endpoint repeats there to recognise it. The text is cut to its
 * final length when the secrets are gone (`delivery/decide/redact-echoes.ts`).
 */
const MAX_SEEN_BYTES = MAX_BODY_EXCERPT_BYTES + 1_024;
const MAX_SEEN_HEADER_CHARACTERS = 512;

/** Headers that explain a rejection; cookies and the like are not ours to keep. */
const KEPT_HEADERS = ["content-type", "retry-after", "server", "allow", "x-request-id"];

/** The headers of a response that are kept with the attempt, their beginnings. */
export const keptHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = headers[name];
      const text = Array.isArray(value) ? value.join(", ") : value;
      return text === undefined ? [] : [[name, text.slice(0, MAX_SEEN_HEADER_CHARACTERS)]];
    }),
  );

/** The beginning of a response's body. */
export const bodyStart = () => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    /** False when enough was read: a short body frees its connection, a long one ends it. */
    take: (chunk: Buffer): boolean => {
      if (bytes < MAX_SEEN_BYTES) chunks.push(chunk);
      bytes += chunk.length;
      return bytes <= MAX_BODY_BYTES;
    },
    /** The first 3 KiB of what came, as text. */
    text: (): string => (bytes === 0 ? "" : textOf(Buffer.concat(chunks))),
  };
};

/** Without a character that the cut splits, and without NUL, which upsets readers of the records. */
const textOf = (bytes: Buffer): string =>
  new TextDecoder("utf-8")
    .decode(bytes.subarray(0, MAX_SEEN_BYTES), { stream: true })
    .replaceAll("\0", "");
