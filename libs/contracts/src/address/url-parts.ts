import { LRUCache } from "lru-cache";

/** The parts of a URL that each attempt needs. */
export type UrlParts = {
  readonly origin: string;
  readonly pathname: string;
  /** With its question mark; empty where there is no query. */
  readonly search: string;
};

const MAX_REMEMBERED = 10_000;

const remembered = new LRUCache<string, UrlParts>({ max: MAX_REMEMBERED });

/**
 * The parts of a URL; undefined for an invalid one. Cached, as attempts use the same few URLs; but not with a
 * query, which is a secret.
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
