/**
 * Microseconds of the machine's monotonic clock: the same in all processes of a machine, which
 * `performance.now()` is not, so that one may publish and another may receive.
 */
export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);
