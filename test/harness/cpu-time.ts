/**
 * The CPU time in ms that an act takes of this thread. Others' time is not in it, but a machine that is throttled
 * makes it several times as long for a while, and some systems count it in ticks of 4 ms: `cpuRatio` copes with both.
 */
const cpuMsOf = async (act: () => unknown): Promise<number> => {
  const before = process.threadCpuUsage();
  await act();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
};

/** A sample of so many ticks is exact enough. */
const SAMPLE_MS = 32;
/** Compiled code, and moments without throttling or neighbours that fill the caches, come sooner. */
const MAX_TOTAL_MS = 3_000;

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
 * after some seconds: whatever stays above has never been that fast.
 */
export const cpuRatio = async (
  act: () => unknown,
  reference: () => unknown,
  enough: number,
): Promise<number> => {
  // The first of each compiles the code.
  await act();
  await reference();
  let [actMs, referenceMs, totalMs] = [Infinity, Infinity, 0];
  for (;;) {
    const [latestReferenceMs, latestMs] = [await sampleMs(reference), await sampleMs(act)];
    referenceMs = Math.min(referenceMs, latestReferenceMs);
    actMs = Math.min(actMs, latestMs);
    totalMs += latestReferenceMs + Math.max(latestMs, SAMPLE_MS);
    if (actMs <= enough * referenceMs || totalMs >= MAX_TOTAL_MS) return actMs / referenceMs;
  }
};

/** Nobody may hold an event loop for longer, on a machine that has nothing else to do. */
const MAX_HELD_MS = 50;

/** What such a machine takes about 8 ms for. */
const MIB_OF_ZEROS = `[${"0,".repeat(2 ** 19)}0]`;
const REFERENCE_MS = 8;

/**
 * How many times as long an act holds the event loop as it may, which is 50 ms; at most 1 is well. A machine that
 * takes longer at the time may take as much longer for the act, by what it needs to read 1 MiB of JSON.
 */
export const timesTooLong = async (act: () => unknown): Promise<number> => {
  const onceMs = await cpuMsOf(act);
  if (onceMs <= MAX_HELD_MS) return onceMs / MAX_HELD_MS;
  const enough = MAX_HELD_MS / REFERENCE_MS;
  return (await cpuRatio(act, () => JSON.parse(MIB_OF_ZEROS) as unknown, enough)) / enough;
};
