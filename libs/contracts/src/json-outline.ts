import { nameHash } from "./json-keys.ts";

/**
 * What of a JSON text becomes a value: of an object these members, of a list the first few elements
 * that are asked for. All else is only read past.
 */
export type JsonOutline = {
  readonly members?: OutlinedMembers;
  readonly elements?: {
    readonly outline: JsonOutline;
    readonly isKept: (element: unknown) => boolean;
    readonly maxKept: number;
  };
  /** Of a text only that it is one: it becomes "". */
  readonly isTypeOnly?: boolean;
};

export type OutlinedMembers = {
  readonly byName: ReadonlyMap<string, JsonOutline>;
  /** So that no text is made of the names of all others. */
  readonly hashes: ReadonlySet<number>;
};

export const outlinedMembers = (byName: ReadonlyMap<string, JsonOutline>): OutlinedMembers => ({
  byName,
  hashes: new Set(Array.from(byName.keys(), nameHash)),
});

/** An element of a list that was kept, and where in the list it is. */
export type KeptElement = { readonly index: number; readonly value: unknown };

export type JsonLimits = {
  /** How deep arrays and objects may be nested: `[]` has the depth 1, `[{}]` 2, a number 0. */
  readonly maxDepth: number;
  /** Keys that no object may have. */
  readonly refusedKeys: ReadonlySet<string>;
  /** How many keys all objects together may have; any number unless named. */
  readonly maxKeys?: number;
};

export type OutlinedJson =
  /** A list is what was kept of it; what is not looked into is `{}` or `[]`. */
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "not_json"; readonly at: number }
  /** JSON as far as it was read, and refused. Repeats no value: bodies hold secrets. */
  | { readonly kind: "refused"; readonly message: string };
