import { setTimeout as delay } from "node:timers/promises";

/** What comes of `promise`, or an error that names `what` when it takes over `timeoutMs` or `signal` ends it. */
export const withDeadline = async <T>(
  promise: Promise<T>,
  timeoutMs: number,
  what: string,
  signal?: AbortSignal,
): Promise<T> => {
  const done = new AbortController();
  const ends = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  const late = delay(timeoutMs, undefined, { signal: ends }).then(
    () => {
      throw new Error(`${what} took longer than ${timeoutMs / 1000} s`);
    },
    () => {
      throw signal?.reason ?? new Error(`${what} was given up`);
    },
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
    late.catch(() => undefined);
  }
};

export type Condition = {
  /** What is waited for, for the error: "the dispatcher to see four subscriptions". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

/**
 * The first value of `read` that is not undefined. Looks again every 50 ms and fails with what
 * `read` threw last, so that the reason is not lost in the time-out.
 */
export const eventually = async <T>(
  read: () => T | undefined | Promise<T | undefined>,
  { what, timeoutMs, signal }: Condition,
): Promise<T> => {
  const endMs = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < endMs) {
    try {
      const value = await read();
      if (value !== undefined) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await delay(50, undefined, { signal }).catch(() => {
      throw signal?.reason;
    });
  }
  const cause = lastError === undefined ? {} : { cause: lastError };
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}`, cause);
};

/** A person or a supervisor asked the script to end. */
export class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals, exitCode: number) {
    super(`stopped by ${signal}`);
    this.exitCode = exitCode;
  }
}

// What a shell reports for a program that a signal ended: 128 and the signal's number.
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP. The second one ends the process at once, for when
 * stopping in good order takes too long.
 */
export const interruptions = (): AbortSignal => {
  const controller = new AbortController();
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    const signal = name as keyof typeof EXIT_CODES;
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new Interrupted(signal, exitCode));
    });
  }
  // Whoever read the output is gone (`make up | head`): stop in good order instead of crashing.
  process.stdout.on("error", () => controller.abort(new Interrupted("SIGPIPE", 141)));
  return controller.signal;
};

/** An error and its causes in one line each; stacks would hide what a person has to do. */
export const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}\n  because ${explain(error.cause)}`;
};
