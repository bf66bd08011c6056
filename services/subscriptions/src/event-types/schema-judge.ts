import { Worker } from "node:worker_threads";
import type { EventWarning } from "@ringback/contracts/events/event-warnings";

export type JudgeRequest = {
  readonly id: number;
  /** As JSON text. */
  readonly schema: string;
  readonly bodies: readonly Uint8Array[];
};

export type JudgeAnswer =
  | {
      readonly id: number;
      readonly kind: "judged";
      /** For each body. */
      readonly warnings: ReadonlyArray<readonly EventWarning[]>;
    }
  /** The schema is none. */
  | { readonly id: number; readonly kind: "unusable"; readonly message: string };

export type Judged =
  | Omit<Extract<JudgeAnswer, { kind: "judged" }>, "id">
  | Omit<Extract<JudgeAnswer, { kind: "unusable" }>, "id">
  /** It took too long or too much memory, now or a moment ago. */
  | { readonly kind: "not_judged" }
  /** Others had their turn for so long that nobody waits for this one. */
  | { readonly kind: "busy" };

/** Bodies, and the schema that a workspace gave their type. */
export type Case = {
  readonly workspaceId: string;
  /** As JSON text. */
  readonly schema: string;
  readonly bodies: readonly Uint8Array[];
  /** How long it may take; half a second unless given. */
  readonly maxMs?: number;
};

/** Judges bodies by JSON Schemas of customers, in a thread that is ended when it takes too long. */
export type SchemaJudge = {
  readonly judge: (one: Case) => Promise<Judged>;
  readonly stop: () => Promise<void>;
};

/** For compiling a schema and judging the bodies of one request. */
const MAX_MS = 500;
/** A thread starts once, and slower on a busy machine. */
const MAX_START_MS = 10_000;
const MAX_WAITING = 50;
/** Nobody's answer waits longer for others. */
const MAX_WAIT_MS = 1_000;
/** Larger bodies are not judged. */
export const MAX_JUDGED_BYTES = 256 * 1024;

const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

export const schemaJudge = (): SchemaJudge => {
  const schemas = leftAlone(1);
  const workspaces = leftAlone(3);
  let worker: Promise<Worker> | undefined;
  let line: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let nextId = 1;

  const ended = async (): Promise<void> => {
    const before = worker;
    worker = undefined;
    await (await before?.catch(() => undefined))?.terminate();
  };

  const ask = async ({ workspaceId, schema, bodies, maxMs }: Case): Promise<Judged> => {
    if (schemas.has(schema) || workspaces.has(workspaceId)) return { kind: "not_judged" };
    try {
      worker ??= started();
      const request = { id: nextId++, schema, bodies };
      const answer = await answerOf(await worker, request, maxMs ?? MAX_MS);
      if (answer !== undefined) return answer;
    } catch {
      // The thread could not start, or has run out of memory: what it was asked is not judged.
    }
    await ended();
    schemas.add(schema);
    workspaces.add(workspaceId);
    return { kind: "not_judged" };
  };

  /** One after the other: the time that is measured is that of one request alone. */
  const inLine = (one: Case): Promise<Judged> => {
    const { promise, resolve, reject } = Promise.withResolvers<Judged>();
    let isTooLate = false;
    const timer = setTimeout(() => {
      isTooLate = true;
      resolve({ kind: "busy" });
    }, MAX_WAIT_MS);
    const before = line;
    const turn = async (): Promise<void> => {
      await before;
      clearTimeout(timer);
      if (!isTooLate) await ask(one).then(resolve, reject);
    };
    line = turn();
    return promise;
  };

  return {
    judge: async (one) => {
      if (waiting >= MAX_WAITING) return { kind: "busy" };
      waiting += 1;
      try {
        return await inLine(one);
      } finally {
        waiting -= 1;
      }
    },
    stop: ended,
  };
};

/** What ended the thread is left alone for this long: others have their turn. */
const LEFT_ALONE_MS = 60_000;
const MAX_LEFT_ALONE = 1_000;

/** Has what was added so often within a minute. */
const leftAlone = (times: number) => {
  const addedMs = new Map<string, readonly number[]>();
  const recent = (name: string): readonly number[] =>
    (addedMs.get(name) ?? []).filter((ms) => performance.now() - ms < LEFT_ALONE_MS);
  return {
    has: (name: string): boolean => recent(name).length >= times,
    add: (name: string): void => {
      if (addedMs.size >= MAX_LEFT_ALONE) addedMs.clear();
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
  worker.on("error", () => undefined); // whoever asks notices that it is gone
  const ready = Promise.withResolvers<void>();
  worker.once("online", () => ready.resolve());
  worker.once("error", (error) => ready.reject(error));
  const timer = setTimeout(() => ready.reject(new Error("slow to start")), MAX_START_MS);
  await ready.promise.finally(() => clearTimeout(timer));
  // Its modules are loaded when it has answered.
  await answerOf(worker, { id: 0, schema: "{}", bodies: [] }, MAX_START_MS);
  return worker;
};

/** Undefined: there was none in time, or there will be none. */
const answerOf = (
  worker: Worker,
  request: JudgeRequest,
  withinMs: number,
): Promise<JudgeAnswer | undefined> => {
  const { promise, resolve } = Promise.withResolvers<JudgeAnswer | undefined>();
  const onMessage = (answer: JudgeAnswer): void => {
    if (answer.id === request.id) resolve(answer);
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
