let ending: Promise<void> | undefined;

/**
 * Resolves at the end of the current event-loop tick, for all callers of a tick together. Responses of many endpoints
 * arrive in one tick, and their publishes then leave in one write.
 */
export const endOfTick = (): Promise<void> => {
  ending ??= new Promise((resolve) => {
    setImmediate(() => {
      ending = undefined;
      resolve();
    });
  });
  return ending;
};
