import { stringIn } from "./json-text.ts";

/** The keys of one object of a JSON text, by their positions in it: creates no strings. */
export type JsonKeys = {
  readonly clear: () => void;
  /** Adds the key whose quotes are at `start` and before `end`; false for a duplicate. */
  readonly add: (start: number, end: number, hash: number) => boolean;
};

const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FEW = 8;
/** Against keys chosen to collide: beyond this many probes the keys move to a `Set`, whose hashes have a seed. */
const MAX_PROBES = 64;

/** The hash of a key's text, without its escapes. */
export const keyHash = (text: string, start: number, end: number): number => {
  let hash = FNV_OFFSET;
  for (let at = start + 1; at < end - 1; at += 1) {
    let unit = text.charCodeAt(at);
    if (unit === BACKSLASH) {
      const length = text.charCodeAt(at + 1) === LOWER_U ? 6 : 2;
      unit = escapedUnit(text, at, length);
      at += length - 1;
    }
    hash = withUnit(hash, unit);
  }
  return spread(hash);
};

/** The same for a string. */
export const nameHash = (name: string): number => {
  let hash = FNV_OFFSET;
  for (let at = 0; at < name.length; at += 1) hash = withUnit(hash, name.charCodeAt(at));
  return spread(hash);
};

// FNV-1a, then the end of MurmurHash3. It need not be strong: see MAX_PROBES.
const withUnit = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

const spread = (hash: number): number => {
  let all = hash ^ (hash >>> 16);
  all = Math.imul(all, 0x85ebca6b);
  all ^= all >>> 13;
  all = Math.imul(all, 0xc2b2ae35);
  return all ^ (all >>> 16);
};

const escapedUnit = (text: string, at: number, length: number): number => {
  if (length === 2) return (JSON.parse(`"${text.slice(at, at + 2)}"`) as string).charCodeAt(0);
  let unit = 0;
  for (let n = at + 2; n < at + 6; n += 1) unit = unit * 16 + hexDigit(text.charCodeAt(n));
  return unit;
};

/** Of `0` to `9`, and of letters in either case. */
const hexDigit = (unit: number): number => (unit & 0x0f) + (unit > 0x39 ? 9 : 0);

// oxlint-disable-next-line max-lines-per-function -- one table: its parts share its arrays
export const jsonKeys = (text: string): JsonKeys => {
  let count = 0;
  let starts = new Int32Array(FEW);
  let ends = new Int32Array(FEW);
  let hashes = new Int32Array(FEW);
  /** Numbers of keys, from 1, at the slots of their hashes; undefined while there are few. */
  let slots: Int32Array | undefined;
  let set: Set<string> | undefined;

  const isKey = (n: number, start: number, end: number, hash: number): boolean =>
    hashes[n] === hash &&
    stringIn(text, starts[n] ?? 0, ends[n] ?? 0) === stringIn(text, start, end);

  const grow = (): void => {
    const size = starts.length * 2;
    const [oldStarts, oldEnds, oldHashes] = [starts, ends, hashes];
    starts = new Int32Array(size);
    ends = new Int32Array(size);
    hashes = new Int32Array(size);
    starts.set(oldStarts);
    ends.set(oldEnds);
    hashes.set(oldHashes);
    slots = new Int32Array(size * 2);
    for (let n = 0; n < count; n += 1) {
      insert(n);
      if (set !== undefined) return; // it has all of them
    }
  };

  /** Puts a key into the first free slot, unless the same one comes before it. */
  const insert = (n: number): boolean => {
    const table = slots as Int32Array;
    const mask = table.length - 1;
    const hash = hashes[n] ?? 0;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const slot = (hash + probe) & mask;
      const taken = table[slot] ?? 0;
      if (taken === 0) {
        table[slot] = n + 1;
        return true;
      }
      if (isKey(taken - 1, starts[n] ?? 0, ends[n] ?? 0, hash)) return false;
    }
    set = new Set();
    for (let k = 0; k < n; k += 1) set.add(stringIn(text, starts[k] ?? 0, ends[k] ?? 0));
    return isNew(set, stringIn(text, starts[n] ?? 0, ends[n] ?? 0));
  };

  return {
    clear: () => {
      count = 0;
      slots = undefined;
      set = undefined;
      if (starts.length === FEW) return;
      starts = new Int32Array(FEW);
      ends = new Int32Array(FEW);
      hashes = new Int32Array(FEW);
    },
    add: (start, end, hash) => {
      if (set !== undefined) return isNew(set, stringIn(text, start, end));
      if (count === starts.length) grow();
      const n = count;
      starts[n] = start;
      ends[n] = end;
      hashes[n] = hash;
      count += 1;
      if (set !== undefined) return isNew(set, stringIn(text, start, end));
      if (slots !== undefined) return insert(n);
      for (let k = 0; k < n; k += 1) if (isKey(k, start, end, hash)) return false;
      return true;
    },
  };
};

const isNew = (set: Set<string>, key: string): boolean => set.size !== set.add(key).size;
