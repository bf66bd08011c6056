import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { MAX_BODY_EXCERPT_BYTES } from "@ringback/contracts/attempt";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_BODY_MS = 2_000;
const MAX_HEADER_CHARACTERS = 256;

/** What helps to find out why an endpoint said no; cookies and the like are not ours to keep. */
const KEPT_HEADERS = ["content-type", "retry-after", "server", "allow", "x-request-id"];

/** The headers of an answer that are kept with the attempt. */
export const keptHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = headers[name];
      const text = Array.isArray(value) ? value.join(", ") : value;
      return text === undefined ? [] : [[name, text.slice(0, MAX_HEADER_CHARACTERS)]];
    }),
  );

/**
 * The first 2 KiB of an answer's body as text. Never throws and never takes long: at most 64 KiB and
 * 2 s are read, so that a short body frees its connection for the next request, then it is destroyed.
 */
export const bodyExcerpt = async (body: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), MAX_BODY_MS);
  try {
    for await (const chunk of body) {
      if (bytes < MAX_BODY_EXCERPT_BYTES) chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) break;
    }
  } catch {
    // Broken off or out of time: the status has decided already.
  } finally {
    clearTimeout(timer);
    body.on("error", () => {}).destroy();
  }
  // What is not UTF-8 becomes U+FFFD, three bytes for one: so the text is cut as well.
  const text = textOf(Buffer.concat(chunks));
  return textOf(Buffer.from(text));
};

/** A character that the cut goes through is left out; NUL would upset those who read the records. */
const textOf = (bytes: Buffer): string =>
  new TextDecoder("utf-8")
    .decode(bytes.subarray(0, MAX_BODY_EXCERPT_BYTES), { stream: true })
    .replaceAll("\0", "");
