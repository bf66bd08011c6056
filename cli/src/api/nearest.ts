/** The candidates that a mistyped text was probably meant to be, nearest first; at most three. */
export const nearest = (text: string, candidates: readonly string[]): string[] => {
  const wanted = text.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
};

/** `: did you mean a or b?`, or nothing where nothing is near. */
export const didYouMean = (text: string, candidates: readonly string[]): string => {
  const near = nearest(text, candidates);
  return near.length === 0 ? "" : `: did you mean ${near.join(" or ")}?`;
};

/** How many characters to insert, delete or replace (Levenshtein); 0 where one begins with the other. */
const distanceOf = (a: string, b: string): number => {
  if (a.length >= 3 && (a.startsWith(b) || b.startsWith(a))) return 0;
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
