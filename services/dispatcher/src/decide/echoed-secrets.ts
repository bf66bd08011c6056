import type { AttemptRecord } from "@ringback/contracts/attempt";
import { REDACTED } from "@ringback/contracts/sealed-text";
import type { Subscription } from "@ringback/contracts/subscription";

/** Shorter ones are found by chance in any text, and are no secrets. */
const LEAST_CHARACTERS = 6;

type Secretive = Pick<Subscription, "headers" | "callback_url" | "signing">;

/** An endpoint's answer as it may be kept: some endpoints repeat what they were sent. */
export const withoutEchoes = (
  { headers = {}, body_excerpt }: NonNullable<AttemptRecord["response"]>,
  subscription: Secretive,
): NonNullable<AttemptRecord["response"]> => {
  const texts = [body_excerpt ?? "", ...Object.values(headers)];
  // Most answers say nothing: then no secret is looked for.
  const mayRepeat = texts.some(({ length }) => length >= LEAST_CHARACTERS);
  const secrets = mayRepeat ? secretsOf(subscription) : [];
  const clean = (text: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, clean(value)]),
    ),
    ...(body_excerpt === undefined ? {} : { body_excerpt: clean(body_excerpt) }),
  };
};

/** The longest first, so that no part of one is left over. */
const secretsOf = ({ headers, callback_url, signing = [] }: Secretive): string[] => {
  const values = Object.entries(headers)
    .filter(([name]) => name.toLowerCase() !== "content-type")
    .map(([, value]) => value);
  const url = callback_url.includes("?") ? URL.parse(callback_url) : null;
  const query = url === null ? [] : [url.search.slice(1), ...url.searchParams.values()];
  // `Bearer x`: the token alone may be repeated too.
  const tokens = values.flatMap((value) => value.split(/\s+/));
  const keys = signing.flatMap(({ secret }) => spellingsOf(secret));
  return [...new Set([...values, ...tokens, ...query, ...keys])]
    .filter(({ length }) => length >= LEAST_CHARACTERS)
    .filter((text) => text !== "Bearer")
    .toSorted((a, b) => b.length - a.length);
};

/** A signing secret with and without its prefix, also as some write base64 in JSON or in a URL. */
const spellingsOf = (secret: string): string[] =>
  [secret, secret.slice(secret.indexOf("_") + 1)].flatMap((text) => [
    text,
    text.replaceAll("/", "\\/"),
    encodeURIComponent(text),
  ]);
