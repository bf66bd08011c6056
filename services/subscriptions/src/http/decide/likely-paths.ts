import { byLikeness } from "@ringback/contracts/likeness";

/** A path of the API by its pattern, such as `/ca/api/v0/agent/:agent_id`, and the methods that it takes. */
export type KnownPath = { readonly pattern: string; readonly methods: readonly string[] };

const MAX_CALLS = 3;

/**
 * The calls that somebody may have meant who asked for a path where there is nothing, the likest first: `GET
 * /ca/api/v0/events/{event_id}`. Prefixes are often forgotten, and so is an `s` at the end.
 */
export const likelyCalls = (
  { method, path }: { readonly method: string; readonly path: string },
  basePath: string,
  known: readonly KnownPath[],
): readonly string[] => {
  const wanted = ownPart(path, basePath).split("/");
  const byText = Map.groupBy(known, ({ pattern }) => asSent(ownPart(pattern, basePath), wanted));
  const likest = byLikeness(wanted.join("/"), [...byText.keys()]).flatMap(
    (text) => byText.get(text) ?? [],
  );
  const calls = likest.map(({ pattern, methods }) => {
    const other = methods.find((one) => one !== "HEAD") ?? method;
    return `${methods.includes(method) ? method : other} ${pattern.replaceAll(/:(\w+)/g, "{$1}")}`;
  });
  return calls.slice(0, MAX_CALLS);
};

/** What is behind the API's prefix, or behind as much of it as there is. */
const ownPart = (path: string, basePath: string): string => {
  const prefix = basePath.split("/").filter((part) => part !== "");
  const parts = path.split("/").filter((part) => part !== "");
  const isPrefix = (part: string): boolean => prefix.includes(part) || /^v\d+$/.test(part);
  const first = parts.findIndex((part) => !isPrefix(part));
  return first === -1 ? "" : parts.slice(first).join("/");
};

/** A pattern with what was sent in place of its parameters, so that ids do not count as differences. */
const asSent = (pattern: string, sent: readonly string[]): string =>
  pattern
    .split("/")
    .map((part, n) => (part.startsWith(":") ? (sent[n] ?? "id") : part))
    .join("/");
