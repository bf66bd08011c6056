import { getHeapStatistics } from "node:v8";

type Gauge = (name: string, help: string, collect: () => number | undefined) => unknown;

/** Without a limit the kernel reports a number near 2^63, or Node.js 0. */
const NO_LIMIT_FROM = 2 ** 50;

/**
 * Exports how much memory this process may have: that of its container, of which the kernel kills it, and that of its
 * heap, at which Node.js ends it. No series says that there is no limit.
 */
export const exportMemoryLimits = (
  gauge: Gauge,
  constrained: () => number | undefined = () => process.constrainedMemory(),
): void => {
  gauge(
    "ringback_memory_limit_bytes",
    "Memory that the container may use; none without a limit",
    () => {
      const bytes = constrained() ?? 0;
      return bytes > 0 && bytes < NO_LIMIT_FROM ? bytes : undefined;
    },
  );
  gauge(
    "ringback_heap_limit_bytes",
    "Size that the heap may reach before Node.js ends the process",
    () => getHeapStatistics().heap_size_limit,
  );
};
