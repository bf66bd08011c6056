/** Whether the API can be reached. The pages show it, and ask again once it can. */
export type Connection = "reachable" | "away";

let current: Connection = "reachable";
const listeners = new Set<() => void>();

export const connection = (): Connection => current;

export const noteConnection = (now: Connection): void => {
  if (now === current) return;
  current = now;
  for (const listener of listeners) listener();
};

export const onConnection = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
