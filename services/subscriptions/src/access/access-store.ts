import { randomUUIDv7 } from "node:crypto";
import type { AccessRecord } from "@ringback/contracts/access/access-record";
import {
  accessOfWorkspace,
  accessSubject,
  type AccessAddress,
} from "@ringback/contracts/access/access-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Published } from "@ringback/runtime/nats/publish";
import { concurrencyLimit } from "@ringback/runtime/process/concurrency";
import { UnavailableError } from "../streams/ask.ts";
import { lastMessage, publish } from "../streams/read-stream.ts";
import type { AccessIndex } from "./access-index.ts";

/** Writes to ACCESS, and waits until this instance knows what it wrote. */
export type AccessStore = {
  /**
   * Stores something new unless the workspace has as many as it may, which holds over all instances, or there is or was
   * one with this id.
   */
  readonly add: (addition: Addition) => Promise<"added" | "there" | "too_many">;
  /** Stores a change unless another message than `lastSeq` is the last one; then the index knows that one. */
  readonly replace: (
    address: AccessAddress,
    record: AccessRecord,
    lastSeq: number,
    ttlMs?: number,
  ) => Promise<"stored" | "conflict">;
};

type Addition = {
  readonly address: AccessAddress;
  readonly record: AccessRecord;
  /** Undefined: it is kept until it is deleted. */
  readonly ttlMs?: number | undefined;
  /** The id was decided by an earlier request, which may have stored it. */
  readonly mayExist?: boolean;
  /** Called before it is stored; throws where the workspace may not change more now. */
  readonly admit?: () => void;
  /** How many there are; it may have as many as `max`. */
  readonly count: () => number;
  readonly max: number;
};

/** Other instances add to the same workspace at the same time: more often than this, something is wrong. */
const MAX_TRIES = 50;
/** The server's clock counts whole seconds. */
const MIN_TTL_MS = 1_000;

export const accessStore = (nats: Nats, index: Pick<AccessIndex, "applied">): AccessStore => {
  const queued = oneAtATime();
  const write = async (
    address: AccessAddress,
    record: AccessRecord,
    expected: {
      readonly lastSeq: number;
      readonly of?: string;
      readonly ttlMs?: number | undefined;
    },
  ): Promise<Published> => {
    const { lastSeq, of, ttlMs } = expected;
    const published = await publish(nats, {
      stream: STREAMS.access,
      subject: accessSubject(address),
      body: JSON.stringify(record),
      messageId: randomUUIDv7(),
      expectedLastSeq: lastSeq,
      ...(of === undefined ? {} : { expectedLastOf: of }),
      ...(ttlMs === undefined ? {} : { ttlMs: Math.max(MIN_TTL_MS, Math.ceil(ttlMs)) }),
    });
    if (published.kind === "stored") await index.applied(published.seq);
    return published;
  };
  const lastSeqOf = async (subjects: string): Promise<number> =>
    (await lastMessage(nats, STREAMS.access, subjects))?.seq ?? 0;
  const add = async (addition: Addition) => {
    const { address, record, ttlMs, count, max, admit, mayExist = false } = addition;
    const { workspaceId, kind } = address;
    const of = accessOfWorkspace(workspaceId, kind);
    for (let n = 0; n < MAX_TRIES; n += 1) {
      const lastSeq = await lastSeqOf(of);
      await index.applied(lastSeq);
      if (mayExist && (await lastSeqOf(accessSubject(address))) > 0) return "there";
      if (count() >= max) return "too_many";
      if (n === 0) admit?.();
      // What another instance adds meanwhile is a conflict.
      const added = await write(address, record, { lastSeq, of, ttlMs });
      if (added.kind === "stored") return "added";
    }
    throw new UnavailableError(`the ${kind}s of ${workspaceId} change too fast`);
  };
  return {
    add: (addition) => queued(addition.address.workspaceId, () => add(addition)),
    replace: async (address, record, lastSeq, ttlMs) => {
      const { kind } = await write(address, record, { lastSeq, ttlMs });
      if (kind === "conflict") await index.applied(await lastSeqOf(accessSubject(address)));
      return kind;
    },
  };
};

/** Runs one after another what is about the same workspace: requests of one process do not conflict. */
const oneAtATime = () => {
  const queues = new Map<string, { readonly run: Run; users: number }>();
  return async <T>(workspaceId: string, work: () => Promise<T>): Promise<T> => {
    const queue = queues.get(workspaceId) ?? { run: concurrencyLimit(1), users: 0 };
    queues.set(workspaceId, queue);
    queue.users += 1;
    try {
      return await queue.run(work);
    } finally {
      queue.users -= 1;
      if (queue.users === 0) queues.delete(workspaceId);
    }
  };
};

type Run = ReturnType<typeof concurrencyLimit>;
