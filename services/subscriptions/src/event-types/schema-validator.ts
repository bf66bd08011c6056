import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";

export type ValidationRequest = {
  /** As JSON text. */
  readonly schema: string;
  readonly bodies: readonly Uint8Array[];
};

export type ValidationReply =
  /** The warnings of each body. */
  | { readonly kind: "validated"; readonly warnings: ReadonlyArray<readonly EventWarning[]> }
  /** The schema is no JSON Schema. */
  | { readonly kind: "unusable"; readonly message: string };

type ValidationResult =
  | ValidationReply
  /** It took too long or too much memory, now or within the last minute. */
  | { readonly kind: "not_validated" }
  /** Other cases took so long that this one was not begun. */
  | { readonly kind: "busy" };

/** Bodies, and the schema that a workspace gave their type. */
type ValidationCase = ValidationRequest & {
  readonly workspaceId: string;
  /** How long it may take; half a second by default. */
  readonly maxMs?: number;
};

/** Validates bodies by JSON Schemas of customers, in a thread that is ended when it takes too long. */
export type SchemaValidator = {
  readonly validate: (one: ValidationCase) => Promise<ValidationResult>;
  readonly stop: () => Promise<void>;
};

/** For compiling a schema and validating the bodies of one request. */
const MAX_MS = 500;
/** A busy machine starts a thread slowly. */
const MAX_START_MS = 10_000;
const MAX_WAITING = 50;
/** A case that waits longer for others is refused. */
const MAX_WAIT_MS = 1_000;
/** Larger bodies are not validated. */
export const MAX_VALIDATED_BYTES = 256 * 1024;

const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

export const schemaValidator = (): SchemaValidator => {
  const schemas = recentFailures(1);
  const workspaces = recentFailures(3);
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const endThread = async (): Promise<void> => {
    const before = worker;
    worker = undefined;
    await before?.terminate();
  };

  const ask = async (one: ValidationCase): Promise<ValidationResult> => {
    const { workspaceId, schema, bodies, maxMs = MAX_MS } = one;
    if (schemas.has(schema) || workspaces.has(workspaceId)) return { kind: "not_validated" };
    try {
      if (worker === undefined) {
        worker = newThread();
        // The thread has loaded its modules once it replies.
        await replyOf(worker, { schema: "{}", bodies: [] }, MAX_START_MS);
      }
      return await replyOf(worker, { schema, bodies }, maxMs);
    } catch {
      // The thread did not start, did not reply in time or ran out of memory: the case has no result.
    }
    await endThread();
    schemas.add(schema);
    workspaces.add(workspaceId);
    return { kind: "not_validated" };
  };

  /** One case after another, so that each has the thread to itself. */
  const enqueue = (one: ValidationCase): Promise<ValidationResult> => {
    const { promise, resolve, reject } = Promise.withResolvers<ValidationResult>();
    let isTooLate = false;
    const timer = setTimeout(() => {
      isTooLate = true;
      resolve({ kind: "busy" });
    }, MAX_WAIT_MS);
    const before = last;
    const run = async (): Promise<void> => {
      await before;
      clearTimeout(timer);
      if (!isTooLate) await ask(one).then(resolve, reject);
    };
    last = run();
    return promise;
  };

  return {
    validate: async (one) => {
      if (waiting >= MAX_WAITING) return { kind: "busy" };
      waiting += 1;
      try {
        return await enqueue(one);
      } finally {
        waiting -= 1;
      }
    },
    stop: endThread,
  };
};

/** A schema or workspace that ended the thread is refused for this long, so that others are served. */
const FAILURES_KEPT_MS = 60_000;
const MAX_FAILURES = 1_000;

/** Remembers names; `has` tells which of them were added so many times within a minute. */
const recentFailures = (times: number) => {
  const addedMs = new Map<string, readonly number[]>();
  const recent = (name: string): readonly number[] =>
    (addedMs.get(name) ?? []).filter((ms) => performance.now() - ms < FAILURES_KEPT_MS);
  return {
    has: (name: string): boolean => recent(name).length >= times,
    add: (name: string): void => {
      if (addedMs.size >= MAX_FAILURES) addedMs.clear();
      addedMs.set(name, [...recent(name), performance.now()]);
    },
  };
};

const newThread = (): Worker => {
  const worker = new Worker(new URL("schema-worker.ts", import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: MEMORY,
  });
  worker.unref();
  worker.on("error", () => undefined); // `replyOf` throws it
  return worker;
};

/** Throws when no reply comes in time, and the error that ended the thread. */
const replyOf = async (
  worker: Worker,
  request: ValidationRequest,
  withinMs: number,
): Promise<ValidationReply> => {
  const replied = once(worker, "message", { signal: AbortSignal.timeout(withinMs) });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request);
  const [reply] = (await replied) as [ValidationReply];
  return reply;
};
