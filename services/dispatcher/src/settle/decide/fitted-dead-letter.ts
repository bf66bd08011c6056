import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";

/**
 * The letter so that it fits: with fewer of the bytes that could not be understood, which EVENTS has under
 * `event_seq`, or without the last attempt, which ATTEMPTS has. One that fits stays as it is.
 */
export const fittedDeadLetter = (letter: DeadLetter, maxBytes: number): DeadLetter => {
  const overBytes = bytesOf(letter) - maxBytes;
  if (overBytes <= 0) return letter;
  if (letter.reason === "invalid_event") {
    // `true` becomes `false` at most: the letter gets no longer. Base64 has three bytes in four characters.
    const keptCharacters = Math.max(0, letter.raw.length - overBytes);
    const raw = letter.raw.slice(0, keptCharacters - (keptCharacters % 4));
    return { ...letter, raw, truncated: true };
  }
  const { last_attempt: _left, ...rest } = letter;
  return rest;
};

const bytesOf = (letter: DeadLetter): number =>
  new TextEncoder().encode(JSON.stringify(letter)).byteLength;
