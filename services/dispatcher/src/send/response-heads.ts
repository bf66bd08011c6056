import { Buffer } from "node:buffer";

/** As much as undici takes: it rejects longer ones. */
const MAX_HEAD_BYTES = 32 * 1024;
/** undici rejects further ones. */
const MAX_CONTINUES = 10;
const NOTHING = Buffer.alloc(0);
const HTTP_1 = Buffer.from("HTTP/1.");
const CR = 0x0d;
const LF = 0x0a;

/**
 * Repairs what RFC 9110 and 9112 allow in a response and undici rejects.
 * - Drops an unsolicited `100 Continue` (RFC 9110, 15.2).
 * - A length that is repeated counts once (RFC 9110, 8.6).
 * - A length beside `transfer-encoding` counts for nothing, and the connection for no other request (RFC 9112, 6.3).
 * All else passes byte for byte. A head is buffered until it is complete: never more than 32 KiB and a chunk.
 */
export const responseHeads = () => {
  let isInHead = false;
  let held: Buffer = NOTHING;
  let continues = 0;

  const passOn = (before: readonly Buffer[]): Buffer => {
    const all = before.length === 0 ? held : Buffer.concat([...before, held]);
    isInHead = false;
    held = NOTHING;
    return all;
  };

  return {
    /** A request begins: what comes next is the head of its response. */
    expectOne: (): void => {
      isInHead = true;
      held = NOTHING;
      continues = 0;
    },
    /** What of it the client is to see now; undefined: nothing yet. */
    take: (chunk: Buffer): Buffer | undefined => {
      if (!isInHead) return chunk;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const ready: Buffer[] = [];
      for (;;) {
        held = withoutEmptyLines(held);
        const end = headEnd(held);
        if (end === undefined && held.length <= MAX_HEAD_BYTES && mayBeHead(held)) {
          return ready.length === 0 ? undefined : Buffer.concat(ready);
        }
        const status = end === undefined ? undefined : statusOf(held);
        if (end === undefined || status === undefined) return passOn(ready);
        const head = held.subarray(0, end);
        held = held.subarray(end);
        if (status === 100 && (continues += 1) <= MAX_CONTINUES) continue;
        ready.push(mended(head));
        if (status < 102 || status >= 200) return passOn(ready);
      }
    },
  };
};

/** Empty lines before a status line mean nothing (RFC 9112, 2.2). */
const withoutEmptyLines = (bytes: Buffer): Buffer => {
  let from = 0;
  while (bytes[from] === CR || bytes[from] === LF) from += 1;
  return from === 0 ? bytes : bytes.subarray(from);
};

/** False for bytes that no response begins with. */
const mayBeHead = (bytes: Buffer): boolean => {
  const length = Math.min(bytes.length, HTTP_1.length);
  return bytes.compare(HTTP_1, 0, length, 0, length) === 0;
};

const statusOf = (head: Buffer): number | undefined => {
  const digits = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString("latin1", 0, 12))?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Behind the empty line that ends a head, whether or not its line ends are right. */
const headEnd = (bytes: Buffer): number | undefined => {
  const ends = ["\r\n\r\n", "\n\n"].flatMap((end) => {
    const at = bytes.indexOf(end);
    return at < 0 ? [] : [at + end.length];
  });
  return ends.length === 0 ? undefined : Math.min(...ends);
};

const FRAMING = /\r\n(content-length|transfer-encoding):([^\r\n]*)/gi;

/** The head with one statement of its body's length, where several agree. */
const mended = (head: Buffer): Buffer => {
  const text = head.toString("latin1");
  const stated = [...text.matchAll(FRAMING)];
  const isEncoded = stated.some(([, name]) => name?.length !== "content-length".length);
  const lengths = stated
    .filter(([, name]) => name?.length === "content-length".length)
    .flatMap(([, , value = ""]) => value.split(",").map((one) => one.trim()));
  const [length = ""] = lengths;
  const isSame = /^\d+$/.test(length) && lengths.every((one) => one === length);
  if (lengths.length === 0 || !(isEncoded || (lengths.length > 1 && isSame))) return head;
  let once = isEncoded ? "\r\nconnection: close" : `\r\ncontent-length: ${length}`;
  const whole = text.replace(FRAMING, (field: string, name: string) => {
    if (name.length !== "content-length".length) return field;
    const statement = once;
    once = "";
    return statement;
  });
  return Buffer.from(whole, "latin1");
};
