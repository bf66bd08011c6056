/** The places of values without a known one beside them. */
export const aloneAt = (values: ArrayLike<number | null | undefined>): number[] => {
  const isKnown = (at: number): boolean => typeof values[at] === "number";
  return Array.from(values, (_, at) => at).filter(
    (at) => isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1),
  );
};
