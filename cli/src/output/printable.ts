/** Replaces control characters: callers and endpoints could move the cursor with them. */
export const printable = (text: string): string => text.replaceAll(/[^\P{C}\u200D]/gu, "\uFFFD");

// What `styleText` puts around a text.
const ESCAPE = "\u001B";
const STYLE = new RegExp(`(${ESCAPE}\\[\\d{1,2}m)`);

/** The same for whole lines: line breaks stay, and so do this program's colours where it has any. */
export const printableLines = (text: string, hasColors: boolean): string =>
  (hasColors ? text.split(STYLE) : [text])
    .map((part, n) => (n % 2 === 1 ? part : part.split("\n").map(printable).join("\n")))
    .join("");
