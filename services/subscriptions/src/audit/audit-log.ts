import type { AuditEntry } from "@ringback/contracts/audit/audit-entry";
import { auditSubject } from "@ringback/contracts/streams/audit-subjects";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import { within } from "@ringback/runtime/process/concurrency";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isUnavailable } from "../streams/ask.ts";
import { publish } from "../streams/read-stream.ts";
import { waitingEntries, type WaitingEntries } from "./waiting-entries.ts";
import { isWrittenApart, newWindow, repeatsIn } from "./decide/collected.ts";

/** Keeps who did what. It never throws, and never waits for long. */
export type AuditLog = {
  /** Resolves once it is stored, or soon: then it waits in memory. What is not a change does not wait at all. */
  readonly record: (entry: AuditEntry) => Promise<void>;
  /** Stores what still waits, if that works at once; counts and logs what is lost. */
  readonly stop: () => Promise<void>;
};

export type AuditLogDeps = {
  /** Tries once; throws where that fails. */
  readonly store: (entry: AuditEntry) => Promise<unknown>;
  readonly onLost: () => void;
  readonly log: Logger;
  readonly windowMs?: number;
};

/** A change's response waits for its entry by at most this. */
const MAX_HOLD_MS = 250;
/** About 1 KB each. */
const MAX_WAITING = 8_192;
/** Readers look for entries up to so long behind their time: `audit-reader.ts`. */
export const MAX_DELAY_MS = 5 * 60_000;
const STOP_MS = 1_000;
const WINDOW_MS = 60_000;

/** An audit log that tries again what it could not store. */
export const startAuditLog = (deps: AuditLogDeps): AuditLog => {
  const { windowMs = WINDOW_MS } = deps;
  const queue = storingQueue(deps);
  let window = newWindow();
  let timer: NodeJS.Timeout | undefined;
  const endWindow = (): void => {
    const repeats = repeatsIn(window);
    window = newWindow();
    clearTimeout(timer);
    timer = undefined;
    for (const entry of repeats) void queue.take(entry);
  };
  return {
    record: async (entry) => {
      timer ??= setTimeout(endWindow, windowMs).unref();
      if (!isWrittenApart(window, entry)) return;
      const stored = queue.take(entry);
      const isChange = entry.kind === "change" || entry.kind === "sign_in";
      if (isChange && entry.outcome === "done") await within(MAX_HOLD_MS, stored, undefined);
    },
    stop: async () => {
      endWindow();
      await queue.stop();
    },
  };
};

/** Stores entries at once while that works; else they wait in memory and are tried again, in their order. */
const storingQueue = ({ store, onLost, log }: AuditLogDeps) => {
  const waiting = waitingEntries(MAX_WAITING);
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  const lose = ({ audit_id, action, workspace_id, actor }: AuditEntry, error?: unknown): void => {
    onLost();
    log.error({ audit_id, action, workspace_id, actor, err: error }, "audit.lost");
  };
  const keep = (entry: AuditEntry): void => {
    if (!waiting.add(entry, performance.now())) return lose(entry);
    working ??= storeWaiting({ waiting, store, lose }, stopping.signal).finally(() => {
      working = undefined;
    });
  };
  const take = async (entry: AuditEntry): Promise<void> => {
    if (working !== undefined) return keep(entry); // storing does not work just now
    const error = await errorOf(store(entry));
    if (error === undefined) return;
    if (isUnavailable(error) && !stopping.signal.aborted) keep(entry);
    else lose(entry, error);
  };
  const ended = () => within(STOP_MS, Promise.all([...underWay, working]), undefined);
  return {
    take: (entry: AuditEntry): Promise<void> => {
      const taking = take(entry).finally(() => underWay.delete(taking));
      underWay.add(taking);
      return taking;
    },
    stop: async () => {
      await ended();
      stopping.abort();
      await ended();
    },
  };
};

type Storing = {
  readonly waiting: WaitingEntries;
  readonly store: AuditLogDeps["store"];
  readonly lose: (entry: AuditEntry, error: unknown) => void;
};

/** Stores what waits until nothing does. Gives an entry up once it is too late for it, or waiting does not help. */
const storeWaiting = async (
  { waiting, store, lose }: Storing,
  stopping: AbortSignal,
): Promise<void> => {
  let failed = 0;
  for (let one = waiting.first(); one !== undefined; one = waiting.first()) {
    const error = await errorOf(store(one.entry));
    const isOver = stopping.aborted || performance.now() - one.sinceMs > MAX_DELAY_MS;
    if (error !== undefined && isUnavailable(error) && !isOver) {
      await pause(backoffMs(failed), stopping);
      failed += 1;
      continue;
    }
    failed = 0;
    waiting.removeFirst();
    if (error !== undefined) lose(one.entry, error);
  }
};

/** What it rejects with; undefined where it does not. */
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** An audit log on NATS. */
export const natsAuditLog = (nats: Nats, deps: Omit<AuditLogDeps, "store">): AuditLog =>
  startAuditLog({
    ...deps,
    store: (entry) =>
      publish(nats, {
        stream: STREAMS.audit,
        subject: auditSubject(entry.workspace_id, entry.kind),
        body: JSON.stringify(entry),
        messageId: entry.audit_id,
      }),
  });
