import { isOfVersion, type EntityTags } from "./entity-tag.ts";

/** What has to be true of an agent or endpoint for a command to be carried out (`If-Match`). */
export type Precondition = Exclude<EntityTags, { readonly kind: "invalid" }>;

/** `If-Match` compares strongly: a weak tag never matches (RFC 9110 section 13.1.1). */
export const isMet = (
  precondition: Precondition | undefined,
  state: { readonly kind: string; readonly version: number },
): boolean => {
  if (precondition === undefined) return true;
  if (state.kind === "absent") return false;
  return (
    precondition.kind === "any" ||
    precondition.tags.some((tag) => !tag.isWeak && isOfVersion(tag, state.version))
  );
};

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
export const namesTag = (tags: Precondition, tag: string): boolean =>
  tags.kind === "any" || tags.tags.some(({ opaque }) => `"${opaque}"` === tag);
