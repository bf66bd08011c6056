/** The search looks for this many consecutive characters of a secret; of a shorter one, for all of it. */
export const WINDOW = 8;

const BASE = 0x01_00_01_93;

/** The hashes of the windows of secrets, by window size. */
export type Windows = ReadonlyMap<number, readonly Int32Array[]>;

/** The windows of secrets of at least `minLength`; a secret shorter than a window is one itself. */
export const windowsOf = (secrets: readonly Uint16Array[], minLength: number): Windows => {
  const windows = new Map<number, Int32Array[]>();
  for (const secret of secrets) {
    const size = Math.min(WINDOW, secret.length);
    if (size < minLength) continue;
    const ofSize = windows.get(size) ?? [];
    ofSize.push(hashesOf(secret, size));
    windows.set(size, ofSize);
  }
  return windows;
};

/**
 * Calls `see` with the first and last character of each run of the text that consists of secrets' windows. By
 * rolling hashes (Rabin and Karp): one step for each character of the text and of the secrets, without
 * comparison; a collision of hashes removes a few characters too many.
 */
export const eachSharedRun = (
  text: Uint16Array,
  windows: Windows,
  see: (first: number, last: number) => void,
): void => {
  const marks = new Uint8Array(text.length);
  for (const [size, secrets] of windows) markOfSize(text, secrets, size, marks);
  for (let first = marks.indexOf(1); first >= 0;) {
    const end = marks.indexOf(0, first);
    const last = (end < 0 ? text.length : end) - 1;
    see(first, last);
    first = marks.indexOf(1, last + 1);
  }
};

const markOfSize = (
  text: Uint16Array,
  secrets: readonly Int32Array[],
  size: number,
  marks: Uint8Array,
): void => {
  const positions = new Map<number, number[]>();
  for (const [at, hash] of hashesOf(text, size).entries()) {
    const known = positions.get(hash);
    if (known === undefined) positions.set(hash, [at]);
    else known.push(at);
  }
  if (positions.size === 0) return;
  for (const hashes of secrets) {
    for (let n = 0; n < hashes.length; n += 1) {
      const hash = hashes[n] ?? 0;
      const found = positions.get(hash);
      if (found === undefined) continue;
      positions.delete(hash); // marked once, however often a secret has it
      for (const at of found) marks.fill(1, at, at + size);
    }
  }
};

/** The hash of each window of this size. */
const hashesOf = (codes: Uint16Array, size: number): Int32Array => {
  const hashes = new Int32Array(Math.max(0, codes.length - size + 1));
  let leaving = 1;
  for (let n = 0; n < size; n += 1) leaving = Math.imul(leaving, BASE);
  let hash = 0;
  for (let at = 0; at < codes.length; at += 1) {
    hash = (Math.imul(hash, BASE) + (codes[at] ?? 0)) | 0;
    if (at >= size) hash = (hash - Math.imul(codes[at - size] ?? 0, leaving)) | 0;
    if (at >= size - 1) hashes[at - size + 1] = hash;
  }
  return hashes;
};
