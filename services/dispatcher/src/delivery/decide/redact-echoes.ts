import { MAX_BODY_EXCERPT_BYTES, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { REDACTED } from "@ringback/contracts/secrets/sealed-text";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { eachSharedRun, WINDOW, windowsOf, type Windows } from "./shared-runs.ts";
import { codesOf, comparedOf, plainsOf } from "./spellings.ts";

/** Shorter texts occur by chance in any response, and are no secrets. */
const MIN_CHARACTERS = 6;
const MAX_HEADER_CHARACTERS = 256;

/** These describe a request, and hold no secret. */
const HARMLESS_HEADERS = new Set([
  "accept",
  "accept-charset",
  "accept-language",
  "cache-control",
  "content-type",
]);
const SCHEMES = new Set(["apikey", "basic", "bearer", "digest", "negotiate", "token"]);

type Secretive = Pick<Subscription, "headers" | "callback_url" | "signing">;

type Response = NonNullable<AttemptRecord["response"]>;

/**
 * A response as it may be stored: some endpoints repeat what they were sent. Removes every eight consecutive
 * characters of a secret, however they are spelled, and then cuts the rest to its length. Takes time in
 * proportion to the response and to the secrets, whatever is in them.
 */
export const withoutEchoes = (
  { headers = {}, body_excerpt }: Response,
  subscription: Secretive,
): Response => {
  const texts = Object.values(headers);
  if (body_excerpt !== undefined) texts.push(body_excerpt);
  // Most responses are empty: search for nothing then.
  const mayRepeat = texts.some(({ length }) => length >= MIN_CHARACTERS);
  const kept = mayRepeat ? secretsOf(subscription) : [];
  const listed = texts.some((text) => BYTES_LISTED.test(text)) ? kept.flatMap(byteLists) : [];
  const secrets = [...spellingsOf(kept), ...listed];
  const windows = windowsOf(secrets, MIN_CHARACTERS);
  const clean = (text: string): string => redacted(text, windows);
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        clean(value).slice(0, MAX_HEADER_CHARACTERS),
      ]),
    ),
    ...(body_excerpt === undefined ? {} : { body_excerpt: cut(clean(body_excerpt)) }),
  };
};

/** Leaves out a character that the cut goes through. */
const cut = (text: string): string =>
  text.length * 3 <= MAX_BODY_EXCERPT_BYTES
    ? text
    : new TextDecoder().decode(Buffer.from(text).subarray(0, MAX_BODY_EXCERPT_BYTES), {
        stream: true,
      });

const redacted = (text: string, windows: Windows): string => {
  if (text.length < MIN_CHARACTERS || windows.size === 0) return text;
  const isSecret = new Uint8Array(text.length);
  for (const { codes, from, to } of plainsOf(text)) {
    eachSharedRun(codes, windows, (first, last) => isSecret.fill(1, from[first], to[last]));
  }
  let clean = "";
  let kept = 0;
  for (let at = isSecret.indexOf(1); at >= 0; at = isSecret.indexOf(1, kept)) {
    const next = isSecret.indexOf(0, at);
    const run = text.slice(at, next < 0 ? text.length : next);
    const begin = at + run.length - run.trimStart().length; // spaces around a secret stay
    const secret = run.trim();
    clean += text.slice(kept, begin) + (secret === "" ? "" : REDACTED);
    kept = begin + secret.length;
  }
  return clean + text.slice(kept);
};

/** The secrets of a subscription, and those of their parts that are too short to be found as a part. */
const secretsOf = ({ headers, callback_url, signing = [] }: Secretive): readonly Buffer[] => {
  const values = Object.entries(headers)
    .filter(([name]) => !HARMLESS_HEADERS.has(name.toLowerCase()))
    .flatMap(([, value]) => [value, ...shortOnes(partsOf(value)), ...credentialsIn(value)]);
  const keys = signing.map(({ secret }) => secret);
  const texts = new Set([...values, ...queryOf(callback_url), ...keys]);
  const bytes = keys.map((key) => Buffer.from(key.slice(key.indexOf("_") + 1), "base64"));
  return [...[...texts].map((text) => Buffer.from(text)), ...bytes].filter(
    ({ length }) => length >= MIN_CHARACTERS,
  );
};

/** `Bearer x`, `sid=x; id=y`: a response may repeat the token alone, too. */
const partsOf = (value: string): readonly string[] => value.split(/[\s=;,:&"]+/);

const shortOnes = (parts: readonly string[]): readonly string[] =>
  parts.filter((part) => part.length < WINDOW && !SCHEMES.has(part.toLowerCase()));

/** The credentials in `Basic x` (RFC 7617). */
const credentialsIn = (value: string): readonly string[] => {
  const base64 = /^basic\s+(\S+)/i.exec(value)?.[1];
  if (base64 === undefined) return [];
  const credentials = Buffer.from(base64, "base64").toString("utf8");
  const colon = credentials.indexOf(":");
  const both = [credentials.slice(0, colon), credentials.slice(colon + 1)];
  return [credentials, ...shortOnes(both)];
};

const queryOf = (callbackUrl: string): readonly string[] => {
  const url = callbackUrl.includes("?") ? URL.parse(callbackUrl) : null;
  if (url === null) return [];
  const raw = url.search.slice(1);
  const values = raw.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1));
  const read = /[%+]/.test(raw) ? url.searchParams.values() : [];
  return [raw, ...shortOnes(values), ...read];
};

/** Bytes as a dump, a debugger or JSON of a buffer shows them: rare in responses. */
const BYTES_LISTED = /(?:\b[0-9a-f]{2}[ :]){3}|(?:\b\d{1,3}, ?){3}/i;

const byteLists = (secret: Buffer): readonly Uint16Array[] => {
  const hex = Array.from(secret, (byte) => byte.toString(16).padStart(2, "0"));
  return [hex.join(" "), hex.join(":"), secret.join(","), secret.join(", ")].map(codesOf);
};

/** As it is, in hexadecimal, and in base64 after 0, 1 and 2 other bytes: all alignments. */
const spellingsOf = (secrets: readonly Buffer[]): readonly Uint16Array[] =>
  secrets.flatMap((secret) => {
    const text = secret.toString("utf8");
    const asText = text.includes("\uFFFD") ? [] : comparedOf(text); // the bytes of a key are no text
    const aligned = [0, 1, 2].map((before) => {
      const base64 = Buffer.concat([Buffer.alloc(before), secret]).toString("base64");
      const whole = Math.floor(((before + secret.length) * 8) / 6);
      // Without the characters that depend on its neighbours.
      return codesOf(base64.slice(before === 0 ? 0 : before + 1, whole));
    });
    return [...asText, codesOf(secret.toString("hex")), ...aligned];
  });
