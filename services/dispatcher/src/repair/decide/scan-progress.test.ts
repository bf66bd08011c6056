import * as fc from "fast-check";
import { expect, test } from "vitest";
import { afterPage, nextToScan, scanFrom, type ScanProgress } from "./scan-progress.ts";

/** A message of interest from when it is stored until it is gone. */
type Message = { readonly seq: number; readonly dueMs: number };

const PAGE = 3;

/** Reads one page of a stream, as the scan does; undefined when nothing is due. */
const readOne = (
  progress: ScanProgress,
  stream: readonly Message[],
  nowMs: number,
  seen: (message: Message) => void,
): ScanProgress | undefined => {
  const fromSeq = nextToScan(progress, nowMs);
  if (fromSeq === undefined) return undefined;
  const page = stream.filter(({ seq }) => seq >= fromSeq).slice(0, PAGE);
  for (const message of page) seen(message);
  const waiting = page.filter(({ dueMs }) => dueMs > nowMs);
  const dueMs = waiting.length === 0 ? undefined : Math.min(...waiting.map((m) => m.dueMs));
  return afterPage(progress, {
    fromSeq,
    lastSeq: page.at(-1)?.seq,
    isEnd: page.length < PAGE,
    dueMs,
    nowMs,
    tailDueMs: nowMs + 1,
  });
};

/** All rounds up to a time, each to its end; how many messages were read. */
const readAll = (
  start: ScanProgress,
  stream: readonly Message[],
  nowMs: number,
  seen: (message: Message) => void,
): { readonly progress: ScanProgress; readonly read: number } => {
  let progress = start;
  let read = 0;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const next = readOne(progress, stream, nowMs, (message) => {
      read += 1;
      seen(message);
    });
    if (next === undefined) return { progress, read };
    progress = next;
  }
  throw new Error("a round has no end");
};

const messages = fc
  .array(
    fc.record({ gap: fc.integer({ min: 1, max: 4 }), dueMs: fc.integer({ max: 60, min: 1 }) }),
    {
      maxLength: 30,
    },
  )
  .map((drawn) => {
    let seq = 0;
    return drawn.map(({ gap, dueMs }) => ({ seq: (seq += gap), dueMs }));
  });

test("each message is visited when it is due, whatever else is stored or deleted", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(100), { maxLength: 20 }), (all, gone) => {
      let progress = scanFrom(1);
      const seenAt = new Map<number, number>();
      for (let nowMs = 0; nowMs <= 60; nowMs += 5) {
        // Half of them are stored on the way, and some are gone before their time.
        const stored = all.slice(0, all.length / 2 + nowMs);
        const there = stored.filter(({ seq }) => !gone.slice(0, nowMs / 5).includes(seq));
        ({ progress } = readAll(progress, there, nowMs, ({ seq }) => seenAt.set(seq, nowMs)));
        const missed = there.filter(
          ({ seq, dueMs }) => dueMs <= nowMs && (seenAt.get(seq) ?? -1) < dueMs,
        );
        expect(missed).toEqual([]);
      }
    }),
  );
});

test("ranges stay disjoint and in order, and keep less than one entry for each message", () => {
  fc.assert(
    fc.property(messages, (all) => {
      let progress = scanFrom(1);
      for (let nowMs = 0; nowMs <= 60; nowMs += 7) {
        ({ progress } = readAll(progress, all.slice(0, 1 + nowMs), nowMs, () => undefined));
        const ends = progress.ranges.flatMap(({ fromSeq, toSeq }) => [fromSeq, toSeq]);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        expect(progress.ranges.length).toBeLessThanOrEqual(all.length);
        expect(progress.tail.fromSeq).toBeGreaterThan(ends.at(-1) ?? 0);
      }
    }),
  );
});

const tomorrow = Array.from({ length: 30 }, (_, n) => ({ seq: n + 1, dueMs: 1_000 }));

test("what is due tomorrow is read once today", () => {
  let { progress, read } = readAll(scanFrom(1), tomorrow, 0, () => undefined);
  expect(read).toBe(30);
  for (let nowMs = 1; nowMs < 1_000; nowMs += 100) {
    ({ progress, read } = readAll(progress, tomorrow, nowMs, () => undefined));
    expect(read).toBe(0);
  }
  expect(readAll(progress, tomorrow, 1_000, () => undefined).read).toBe(30);
});

test("a long tail that is read for the first time does not keep what is due waiting", () => {
  const first = [{ seq: 1, dueMs: 5 }];
  let { progress } = readAll(scanFrom(1), first, 0, () => undefined);
  const long = [...first, ...tomorrow.map((one) => ({ ...one, seq: one.seq + 1 }))];
  const read: number[] = [];
  for (let pages = 0; pages < 4; pages += 1) {
    progress = readOne(progress, long, 6, ({ seq }) => read.push(seq)) ?? progress;
  }
  expect(read.filter((seq) => seq === 1)).toEqual([1]);
});

test("a replica that lacks the newest messages does not hide them for ever", () => {
  let { progress } = readAll(scanFrom(1), tomorrow, 0, () => undefined);
  ({ progress } = readAll(progress, tomorrow.slice(0, 10), 1_000, () => undefined));
  const seen: number[] = [];
  readAll(progress, tomorrow, 1_001, ({ seq }) => seen.push(seq));
  expect(seen).toEqual(tomorrow.slice(10).map(({ seq }) => seq));
});
