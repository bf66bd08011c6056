/**
 * The CPU time in ms that an act takes of this thread. Others' time is not in it, but a machine that is throttled
 * makes it several times as long for a while, and some systems count it in ticks of 4 ms: `cpuRatio` copes with both.
 */
export const cpuMsOf = async (act: () => unknown): Promise<number> => {
  const before = process.threadCpuUsage();
  await act();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
};

/** A sample of so many ticks is exact enough. */
const SAMPLE_MS = 32;
/** Compiled code, and moments without throttling, come sooner. */
const MAX_TOTAL_MS = 1_000;

/** The CPU time of one call in ms, over as many calls as one sample takes. */
const sampleMs = async (act: () => unknown): Promise<number> => {
  let [calls, totalMs] = [0, 0];
  for (let more = 1; totalMs < SAMPLE_MS; more *= 2) {
    totalMs += await cpuMsOf(async () => {
      for (let n = 0; n < more; n += 1) await act();
    });
    calls += more;
  }
  return totalMs / calls;
};

/**
 * How many times as long as `reference` an act takes, in CPU time: the shortest samples of both. They are taken by
 * turns, so that what slows the machine slows both. It ends as soon as the result is at most `enough`, and otherwise
 * after about 3 s: whatever stays above has never been that fast.
 */
export const cpuRatio = async (
  act: () => unknown,
  reference: () => unknown,
  enough: number,
): Promise<number> => {
  let [actMs, referenceMs, totalMs] = [Infinity, Infinity, 0];
  // The first of each compiles the code.
  await act();
  await reference();
  do {
    totalMs += await cpuMsOf(async () => {
      referenceMs = Math.min(referenceMs, await sampleMs(reference));
      actMs = Math.min(actMs, await sampleMs(act));
    });
  } while (actMs > enough * referenceMs && totalMs < MAX_TOTAL_MS);
  return actMs / referenceMs;
};
