let ending: Promise<void> | undefined;

/**
 * Resolves at the end of this turn of the event loop, for all who ask in it at once. What they then
 * write to one socket leaves in one system call: the NATS client joins what is written in one go, and
 * answers of many endpoints come in one turn.
 */
export const turnEnd = (): Promise<void> => {
  ending ??= new Promise((resolve) => {
    setImmediate(() => {
      ending = undefined;
      resolve();
    });
  });
  return ending;
};
