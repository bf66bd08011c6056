import { monitorEventLoopDelay } from "node:perf_hooks";
import { setInterval as everyMs } from "node:timers/promises";

/**
 * Does nothing and measures how late that is done, until its input ends: what the machine alone takes
 * from any process. Prints the 99th percentile in seconds.
 */
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const over = new AbortController();
process.stdin.resume().once("end", () => over.abort());
try {
  // As much as keeps the loop turning.
  for await (const _ of everyMs(10, undefined, { signal: over.signal }));
} catch {
  process.stdout.write(`${delay.percentile(99) / 1e9}\n`);
}
