import { DEFERRED_FOR, type DeferredFor } from "@ringback/contracts/deliveries/retry-message";
import { LATE_AFTER_MS } from "./backlog.ts";

/** A delivery that was deferred before its first attempt. All times in ms since 1970. */
export type DeferredFirst = {
  readonly reason: DeferredFor;
  readonly storedMs: number;
  readonly dueMs: number;
};

/** What waits for one reason. */
export type Waiting = {
  readonly waiting: number;
  /** Those of them that are late. */
  readonly late: number;
  /** When the oldest event was stored; undefined: nothing waits. */
  readonly oldestAtMs: number | undefined;
};

/** The deliveries on RETRIES that were never attempted, counted as their schedules are read for the first time. */
export type FirstAttempts = {
  /** Whether a schedule was not read before, by its sequence; from then on it was. */
  readonly isNew: (seq: number) => boolean;
  readonly add: (first: DeferredFirst, nowMs: number) => void;
  /** The end of the stream was reached: nothing is missing. */
  readonly complete: (nowMs: number) => void;
  /** By reason; undefined before the whole stream was read, and when it has not been for long. */
  readonly counts: (nowMs: number) => ReadonlyMap<DeferredFor, Waiting> | undefined;
};

type Cell = { count: number; oldestMs: number };

/** A schedule lasts an hour at most, so that there are a few thousand cells, however many deliveries wait. */
const CELL_MS = 1_000;

/** Those that are not late yet are kept one by one; beyond this they count as late some seconds early. */
const MAX_YOUNG = 20_000;

/** The end of the stream is read every 10 s. */
const KNOWN_FOR_MS = 60_000;

/**
 * Counts what waits without seeing it go: a schedule leaves RETRIES when it is due, and a delivery that is deferred
 * again is a new message. One that is brought forward counts until it would have been due.
 */
export const firstAttempts = (): FirstAttempts => {
  const cells = new Map<DeferredFor, Map<number, Cell>>(
    DEFERRED_FOR.map((reason) => [reason, new Map()]),
  );
  let young: readonly DeferredFirst[] = [];
  let added: DeferredFirst[] = [];
  let lastSeq = 0;
  let completeMs: number | undefined;

  const forgetPast = (nowMs: number): void => {
    for (const of of cells.values()) {
      for (const dueCell of of.keys()) if (dueCell * CELL_MS <= nowMs) of.delete(dueCell);
    }
    const isYoung = ({ storedMs, dueMs }: DeferredFirst): boolean =>
      dueCellOf(dueMs) * CELL_MS > nowMs && nowMs - storedMs <= LATE_AFTER_MS;
    young = [...young, ...added].filter(isYoung);
    added = [];
  };

  return {
    isNew: (seq) => {
      const isNew = seq > lastSeq;
      lastSeq = Math.max(lastSeq, seq);
      return isNew;
    },
    add: (first, nowMs) => {
      const { reason, storedMs, dueMs } = first;
      const of = cells.get(reason);
      if (of === undefined || dueMs <= nowMs) return;
      const key = dueCellOf(dueMs);
      const { count, oldestMs } = of.get(key) ?? { count: 0, oldestMs: Infinity };
      of.set(key, { count: count + 1, oldestMs: Math.min(oldestMs, storedMs) });
      const isYoung = nowMs - storedMs <= LATE_AFTER_MS;
      if (isYoung && young.length + added.length < MAX_YOUNG) added.push(first);
    },
    complete: (nowMs) => {
      completeMs = nowMs;
      forgetPast(nowMs);
    },
    counts: (nowMs) => {
      if (completeMs === undefined || nowMs - completeMs > KNOWN_FOR_MS) return undefined;
      forgetPast(nowMs);
      return new Map(
        [...cells].map(([reason, of]) => [reason, waitingIn([...of.values()], reason, young)]),
      );
    },
  };
};

/** Rounded up: it waits until its time has come. */
const dueCellOf = (dueMs: number): number => Math.ceil(dueMs / CELL_MS);

const waitingIn = (
  cells: readonly Cell[],
  reason: DeferredFor,
  young: readonly DeferredFirst[],
): Waiting => {
  const waiting = cells.reduce((sum, { count }) => sum + count, 0);
  const notLate = young.filter((one) => one.reason === reason).length;
  const oldestMs = cells.reduce((oldest, cell) => Math.min(oldest, cell.oldestMs), Infinity);
  return { waiting, late: waiting - notLate, oldestAtMs: waiting === 0 ? undefined : oldestMs };
};
