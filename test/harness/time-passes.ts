import { eventually } from "./eventually.ts";

/** Waits for so long, where time itself is what a test needs: a rate is what happens in a time. */
export async function passes(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  await eventually(() => performance.now() >= untilMs, {
    timeoutMs: ms + 5_000,
    what: `${ms} ms have passed`,
  });
}
