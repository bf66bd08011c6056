import { meantBy } from "@ringback/contracts/likeness";

/** More are no help. */
const MAX_SHOWN = 3;

/** `: did you mean a or b?`, or nothing where no candidate is like the text. */
export const didYouMean = (text: string, candidates: readonly string[]): string => {
  const meant = meantBy(text, candidates).slice(0, MAX_SHOWN);
  return meant.length === 0 ? "" : `: did you mean ${meant.join(" or ")}?`;
};
