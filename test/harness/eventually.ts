import { inspect } from "node:util";

export interface EventuallyOptions {
  readonly timeoutMs?: number;
  /** Between two polls; unless it is named, 25 ms at first and ever more, a 25th of the time waited so far. */
  readonly intervalMs?: number;
  /** What is waited for, as it should read in the failure: "two requests at /hook". */
  readonly what?: string;
  /** Asked before every poll: a text ends the waiting at once with that reason. */
  readonly giveUpWhen?: () => string | null;
}

/** The values that mean "not yet". `undefined` is not among them: see `Probed`. */
type NotYet = false | null | 0 | 0n | "";

/**
 * What a probe may return. A probe of assertions returns nothing, and that counts as passed, so a
 * probe that looks something up must not return `undefined` for "not there": end it with `?? null`.
 * The conditional type makes the mistake a type error.
 */
type Probed<T> = [Awaited<T>] extends [void | undefined]
  ? T
  : undefined extends Awaited<T>
    ? { readonly error: "undefined counts as passed: end the probe with `?? null`" }
    : T;

type Poll =
  | { readonly kind: "passed"; readonly value: unknown }
  | { readonly kind: "not_yet"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "unsettled" };

/**
 * Calls the probe until it passes, and resolves with what it returned. It passes when it neither
 * throws nor returns `false`, `null`, `0`, `""` or `NaN`; a probe without a result (assertions only)
 * passes when it doesn't throw. After `timeoutMs` the last value or error seen is the failure.
 */
export async function eventually<T>(
  probe: () => Probed<T> & T,
  { timeoutMs = 30_000, intervalMs, what = "condition", giveUpWhen }: EventuallyOptions = {},
): Promise<Exclude<Awaited<T>, NotYet>> {
  const deadline = performance.now() + timeoutMs;
  let last: Poll = { kind: "unsettled" };
  for (;;) {
    const reason = giveUpWhen?.() ?? null;
    if (reason !== null) throw failure(`${what}: given up, ${reason}`, last);
    const latest = await pollOnce(probe, deadline - performance.now());
    if (latest.kind === "passed") return latest.value as Exclude<Awaited<T>, NotYet>;
    if (latest.kind !== "unsettled" || last.kind === "unsettled") last = latest;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw failure(`${what}: not within ${timeoutMs} ms`, last);
    await pause(Math.min(intervalMs ?? growing(timeoutMs - leftMs), leftMs));
  }
}

/** Whoever has waited for long hardly notices a little more, and the processes under test get the time. */
const growing = (waitedMs: number): number => Math.min(Math.max(25, waitedMs / 25), 500);

async function pollOnce(probe: () => unknown, leftMs: number): Promise<Poll> {
  const timeUp = Promise.withResolvers<Poll>();
  const timer = setTimeout(() => timeUp.resolve({ kind: "unsettled" }), Math.max(leftMs, 1));
  try {
    return await Promise.race([settle(probe), timeUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function settle(probe: () => unknown): Promise<Poll> {
  try {
    const value = await probe();
    return value === undefined || Boolean(value)
      ? { kind: "passed", value }
      : { kind: "not_yet", value };
  } catch (error) {
    return { kind: "threw", error };
  }
}

function failure(what: string, last: Poll): Error {
  if (last.kind === "unsettled") return new Error(`${what}; the probe never settled`);
  if (last.kind !== "threw") return new Error(`${what}; last value: ${inspect(last.value)}`);
  const text = last.error instanceof Error ? last.error.message : inspect(last.error);
  return new Error(`${what}; last error: ${text}`, { cause: last.error });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
