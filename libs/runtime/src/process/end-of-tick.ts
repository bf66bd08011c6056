let ending: Promise<void> | undefined;

/**
 * Resolves at the end of the current event-loop tick; all callers of a tick share one promise, so that their
 * publishes leave in one write: responses of many endpoints arrive in one tick.
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
