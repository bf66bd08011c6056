import { PRESENCE_TEXTS } from "@ringback/contracts/streams/presence-subject";

/** A message between dispatchers. */
export type MembershipMessage = keyof typeof PRESENCE_TEXTS;

const MESSAGES = Object.keys(PRESENCE_TEXTS) as MembershipMessage[];

/** The other dispatchers by their ids, and how many heartbeats in a row each has missed. */
export type Others = ReadonlyMap<string, number>;

export const NO_OTHERS: Others = new Map();

/** Two heartbeats may be lost or late before a dispatcher counts as dead. */
const MAX_MISSED = 2;

/** The message of a text; undefined for a text of a later version. */
export const messageIn = (text: string): MembershipMessage | undefined =>
  MESSAGES.find((message) => PRESENCE_TEXTS[message] === text);

/** The others after a message of one of them. */
export const othersAfter = (others: Others, id: string, message: MembershipMessage): Others => {
  const after = new Map(others);
  if (message === "leave") after.delete(id);
  else after.set(id, 0);
  return after;
};

/** The others after a heartbeat interval, without the dead. */
export const afterInterval = (others: Others): Others =>
  new Map(
    [...others]
      .map(([id, missed]) => [id, missed + 1] as const)
      .filter(([, missed]) => missed <= MAX_MISSED),
  );
