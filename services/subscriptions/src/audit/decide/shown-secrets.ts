import { REDACTED } from "@ringback/contracts/secrets/sealed-text";

/** More levels than any response has. */
const MAX_DEPTH = 12;

/** How a signing secret, a key and a portal session's address begin or go on. */
const SECRET = /^(?:whsec_|rbs?_)|#session=/;

/**
 * Whether a response shows a secret: a signing secret, a key, a session, the value of a header or the query of a URL.
 */
export const showsSecrets = (response: unknown, depth = 0): boolean => {
  if (depth > MAX_DEPTH || typeof response !== "object" || response === null) return false;
  if (Array.isArray(response)) return response.some((one) => showsSecrets(one, depth + 1));
  return Object.entries(response).some(([name, value]: [string, unknown]) => {
    if (typeof value === "string") return isSecret(name, value);
    if (name === "headers") return hasOpenValue(value);
    return showsSecrets(value, depth + 1);
  });
};

const URLS: ReadonlySet<string> = new Set(["url", "callback_url", "fallback_url"]);

const isSecret = (name: string, value: string): boolean =>
  SECRET.test(value) || (URLS.has(name) && value.includes("?") && !value.includes(REDACTED));

const hasOpenValue = (headers: unknown): boolean =>
  typeof headers === "object" &&
  headers !== null &&
  Object.values(headers).some((value) => value !== REDACTED);
