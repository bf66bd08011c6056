/** Text with its marks that turn the direction shown by their numbers, so that nothing looks like what it is not. */
export const visibleText = (text: string): string =>
  text.replaceAll(/[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/g, (mark) => {
    return `\\u${mark.codePointAt(0)?.toString(16).padStart(4, "0").toUpperCase()}`;
  });

/** A name that somebody chose, or the id where there is nothing of it to see, nor to click on. */
export const nameText = (name: string | null | undefined, id: string): string => {
  const text = visibleText(name ?? "");
  return /^[\s\p{Cf}]*$/u.test(text) ? id : text;
};
