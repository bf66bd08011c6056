import { LRUCache } from "lru-cache";

/** What of a URL is asked for at each attempt. */
export type UrlParts = {
  readonly origin: string;
  readonly pathname: string;
  /** With its question mark; empty where there is no query. */
  readonly search: string;
};

const MAX_REMEMBERED = 10_000;

const remembered = new LRUCache<string, UrlParts>({ max: MAX_REMEMBERED });

/**
 * The parts of a URL, or undefined where it is none. The same few URLs are asked for again and again;
 * those with a query are parsed anew each time, as that is a secret and not kept.
 */
export const urlParts = (text: string): UrlParts | undefined => {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const url = URL.parse(text);
  if (url === null) return undefined;
  const { origin, pathname, search } = url;
  const parts = { origin, pathname, search };
  if (text.includes("?")) return parts;
  remembered.set(text, parts);
  return parts;
};
