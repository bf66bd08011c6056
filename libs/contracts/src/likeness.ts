/** Longer names are no slip of the keyboard, and comparing them takes long. */
const MAX_CHARACTERS = 64;

/** Those of the known names that this one is most like, the likest first. */
export const byLikeness = (name: string, known: readonly string[]): readonly string[] => {
  const wanted = name.slice(0, MAX_CHARACTERS).toLowerCase();
  return known
    .map((one) => ({ one, distance: distanceOf(wanted, one.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ one }) => one);
};

/** Those that a person who wrote this name may have meant: few letters differ, or one is part of the other. */
export const meantBy = (name: string, known: readonly string[]): readonly string[] => {
  const wanted = name.toLowerCase();
  if (wanted.length > MAX_CHARACTERS) return [];
  const slips = new Set(slipsOf(wanted, known, Math.max(1, Math.floor(wanted.length / 3))));
  const near = known.filter((one) => {
    const lower = one.toLowerCase();
    const isPart = wanted.length > 2 && (lower.includes(wanted) || wanted.includes(lower));
    return isPart || slips.has(one);
  });
  return byLikeness(name, near);
};

/** Those that a name differs from in at most so many letters, the likest first. */
export const slipsOf = (
  name: string,
  known: readonly string[],
  maxDistance: number,
): readonly string[] => {
  const wanted = name.toLowerCase();
  if (wanted.length > MAX_CHARACTERS) return [];
  const near = known.filter((one) => {
    // The lengths first: they are compared at once, and differ by no more than the names do.
    const hasLength = Math.abs(wanted.length - one.length) <= maxDistance;
    return hasLength && distanceOf(wanted, one.toLowerCase()) <= maxDistance;
  });
  return byLikeness(name, near);
};

/** How many characters have to be added, dropped or replaced (Levenshtein). */
const distanceOf = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + Number(a[i] !== b[j]);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
