import { Worker } from "node:worker_threads";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";

export type ValidationRequest = {
  readonly id: number;
  /** As JSON text. */
  readonly schema: string;
  readonly bodies: readonly Uint8Array[];
};

export type ValidationReply =
  | {
      readonly id: number;
      readonly kind: "validated";
      /** For each body. */
      readonly warnings: ReadonlyArray<readonly EventWarning[]>;
    }
  /** It is not a JSON Schema. */
  | { readonly id: number; readonly kind: "unusable"; readonly message: string };

type ValidationResult =
  | Omit<Extract<ValidationReply, { kind: "validated" }>, "id">
  | Omit<Extract<ValidationReply, { kind: "unusable" }>, "id">
  /** It took too long or too much memory, now or within the last minute. */
  | { readonly kind: "not_validated" }
  /** Other cases took so long that this one was not begun. */
  | { readonly kind: "busy" };

/** Bodies, and the schema that a workspace gave their type. */
type ValidationCase = {
  readonly workspaceId: string;
  /** As JSON text. */
  readonly schema: string;
  readonly bodies: readonly Uint8Array[];
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
/** A thread starts once, and slowly on a busy machine. */
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
  let worker: Promise<Worker> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let nextId = 1;

  const ended = async (): Promise<void> => {
    const before = worker;
    worker = undefined;
    await (await before?.catch(() => undefined))?.terminate();
  };

  const ask = async ({
    workspaceId,
    schema,
    bodies,
    maxMs,
  }: ValidationCase): Promise<ValidationResult> => {
    if (schemas.has(schema) || workspaces.has(workspaceId)) return { kind: "not_validated" };
    try {
      worker ??= started();
      const request = { id: nextId++, schema, bodies };
      const reply = await replyOf(await worker, request, maxMs ?? MAX_MS);
      if (reply !== undefined) return reply;
    } catch {
      // The thread could not start, or has run out of memory: what it was asked is not result.
    }
    await ended();
    schemas.add(schema);
    workspaces.add(workspaceId);
    return { kind: "not_validated" };
  };

  /** One case at a time, so that each has its time alone. */
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
    stop: ended,
  };
};

/** A schema or workspace that ended the thread is refused for this long, so that others are served. */
const FAILURES_KEPT_MS = 60_000;
const MAX_FAILURES = 1_000;

/** Has the names that were added so many times within a minute. */
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

const started = async (): Promise<Worker> => {
  const worker = new Worker(new URL("schema-worker.ts", import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: MEMORY,
  });
  worker.unref();
  worker.on("error", () => undefined); // the caller notices that it is gone
  const ready = Promise.withResolvers<void>();
  worker.once("online", () => ready.resolve());
  worker.once("error", (error) => ready.reject(error));
  const timer = setTimeout(() => ready.reject(new Error("slow to start")), MAX_START_MS);
  await ready.promise.finally(() => clearTimeout(timer));
  // Its modules are loaded when it has replied.
  await replyOf(worker, { id: 0, schema: "{}", bodies: [] }, MAX_START_MS);
  return worker;
};

/** Undefined: no reply came in time, or the thread has ended. */
const replyOf = (
  worker: Worker,
  request: ValidationRequest,
  withinMs: number,
): Promise<ValidationReply | undefined> => {
  const { promise, resolve } = Promise.withResolvers<ValidationReply | undefined>();
  const onMessage = (reply: ValidationReply): void => {
    if (reply.id === request.id) resolve(reply);
  };
  const onEnd = (): void => resolve(undefined);
  worker.on("message", onMessage).on("exit", onEnd);
  const timer = setTimeout(onEnd, withinMs);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.off("message", onMessage).off("exit", onEnd);
  });
};
