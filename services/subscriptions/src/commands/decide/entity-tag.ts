/** One entity tag of a list, without its quotes. */
export type EntityTag = { readonly opaque: string; readonly isWeak: boolean };

/** What `If-Match` or `If-None-Match` says. */
export type EntityTags =
  | { readonly kind: "any" }
  | { readonly kind: "tags"; readonly tags: readonly EntityTag[] }
  | { readonly kind: "invalid" };

/** Callers who may not read secrets get another representation of an agent, with a tag of its own. */
export type Representation = "whole" | "redacted";

const opaqueOf = (version: number, representation: Representation): string =>
  representation === "whole" ? String(version) : `${version}-redacted`;

/** The entity tag of an agent's version, as headers have it. */
export const entityTag = (version: number, representation: Representation = "whole"): string =>
  `"${opaqueOf(version, representation)}"`;

/** Tells whether a tag is that of an agent's version, in any representation: for `If-Match`. */
export const isOfVersion = ({ opaque }: EntityTag, version: number): boolean =>
  opaque === opaqueOf(version, "whole") || opaque === opaqueOf(version, "redacted");

// RFC 9110 section 8.8.3; what follows is a comma, with spaces and empty elements, or the end.
const NEXT_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,[ \t,]*|$)/y;

/** The tags in the value of a header (RFC 9110 section 13.1.1): `*`, or a list of at least one. */
export const entityTagsIn = (value: string): EntityTags => {
  if (value.trim() === "*") return { kind: "any" };
  const tags: EntityTag[] = [];
  let from = /^[ \t,]*/.exec(value)?.[0].length ?? 0;
  while (from < value.length) {
    NEXT_TAG.lastIndex = from;
    const found = NEXT_TAG.exec(value);
    if (found === null) return { kind: "invalid" };
    tags.push({ opaque: found[2] ?? "", isWeak: found[1] !== undefined });
    from = NEXT_TAG.lastIndex;
  }
  return tags.length === 0 ? { kind: "invalid" } : { kind: "tags", tags };
};
