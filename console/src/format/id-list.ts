/** The ids in a text that somebody typed, separated by commas, spaces or lines. Undefined: none was typed. */
export const idsIn = (text: string): string[] | undefined => {
  const ids = text.split(/[\s,]+/).filter((id) => id !== "");
  return ids.length === 0 ? undefined : ids;
};
