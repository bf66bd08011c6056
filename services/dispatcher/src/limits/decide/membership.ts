/** What a dispatcher says to the others: it has just come and asks who is there, it is there, it goes. */
export const PRESENCE_WORDS = ["hello", "here", "gone"] as const;

export type PresenceWord = (typeof PRESENCE_WORDS)[number];

/** The other dispatchers by their ids, and of how many turns in a row nothing was heard of each. */
export type Others = ReadonlyMap<string, number>;

export const NOBODY: Others = new Map();

/** Each says that it is there once a turn. Two may be lost or late before it counts as dead. */
const MISSED_AT_MOST = 2;

/** The word in a message's text; undefined for what a later version may say. */
export const wordIn = (text: string): PresenceWord | undefined =>
  PRESENCE_WORDS.find((word) => word === text);

/** The others after one of them has said something. */
export const heard = (others: Others, id: string, word: PresenceWord): Others => {
  const after = new Map(others);
  if (word === "gone") after.delete(id);
  else after.set(id, 0);
  return after;
};

/** The others after a turn: those that were silent for too long are dead. */
export const afterTurn = (others: Others): Others =>
  new Map(
    [...others]
      .map(([id, missed]) => [id, missed + 1] as const)
      .filter(([, n]) => n <= MISSED_AT_MOST),
  );
