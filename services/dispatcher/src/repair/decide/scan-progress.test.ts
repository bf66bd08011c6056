import * as fc from "fast-check";
import { expect, test } from "vitest";
import { afterLook, nextToRead, surveyFrom, type Survey } from "./scan-progress.ts";

/** A message of interest from when it is stored until it is gone. */
type Message = { readonly seq: number; readonly lookAtMs: number };

const PAGE = 3;

/** Reads one page of a stream, as a watch does it; undefined when nothing is to be read. */
const readOne = (
  survey: Survey,
  stream: readonly Message[],
  nowMs: number,
  seen: (message: Message) => void,
): Survey | undefined => {
  const fromSeq = nextToRead(survey, nowMs);
  if (fromSeq === undefined) return undefined;
  const page = stream.filter(({ seq }) => seq >= fromSeq).slice(0, PAGE);
  for (const message of page) seen(message);
  const waiting = page.filter(({ lookAtMs }) => lookAtMs > nowMs);
  const lookAtMs = waiting.length === 0 ? undefined : Math.min(...waiting.map((m) => m.lookAtMs));
  return afterLook(survey, {
    fromSeq,
    lastSeq: page.at(-1)?.seq,
    isEnd: page.length < PAGE,
    lookAtMs,
    nowMs,
    tailLookAtMs: nowMs + 1,
  });
};

/** All rounds up to a time, each to its end; how many messages were read. */
const readAll = (
  start: Survey,
  stream: readonly Message[],
  nowMs: number,
  seen: (message: Message) => void,
): { readonly survey: Survey; readonly read: number } => {
  let survey = start;
  let read = 0;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const next = readOne(survey, stream, nowMs, (message) => {
      read += 1;
      seen(message);
    });
    if (next === undefined) return { survey, read };
    survey = next;
  }
  throw new Error("a round has no end");
};

const messages = fc
  .array(
    fc.record({ gap: fc.integer({ min: 1, max: 4 }), lookAtMs: fc.integer({ max: 60, min: 1 }) }),
    {
      maxLength: 30,
    },
  )
  .map((drawn) => {
    let seq = 0;
    return drawn.map(({ gap, lookAtMs }) => ({ seq: (seq += gap), lookAtMs }));
  });

test("whatever is there when its time comes is looked at then, though others come and go", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(100), { maxLength: 20 }), (all, gone) => {
      let survey = surveyFrom(1);
      const seenAt = new Map<number, number>();
      for (let nowMs = 0; nowMs <= 60; nowMs += 5) {
        // Half of them are stored on the way, and some are gone before their time.
        const stored = all.slice(0, all.length / 2 + nowMs);
        const there = stored.filter(({ seq }) => !gone.slice(0, nowMs / 5).includes(seq));
        ({ survey } = readAll(survey, there, nowMs, ({ seq }) => seenAt.set(seq, nowMs)));
        const missed = there.filter(
          ({ seq, lookAtMs }) => lookAtMs <= nowMs && (seenAt.get(seq) ?? -1) < lookAtMs,
        );
        expect(missed).toEqual([]);
      }
    }),
  );
});

test("stretches stay disjoint and in order, and keep less than one entry for each message", () => {
  fc.assert(
    fc.property(messages, (all) => {
      let survey = surveyFrom(1);
      for (let nowMs = 0; nowMs <= 60; nowMs += 7) {
        ({ survey } = readAll(survey, all.slice(0, 1 + nowMs), nowMs, () => undefined));
        const ends = survey.stretches.flatMap(({ fromSeq, toSeq }) => [fromSeq, toSeq]);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        expect(survey.stretches.length).toBeLessThanOrEqual(all.length);
        expect(survey.tail.fromSeq).toBeGreaterThan(ends.at(-1) ?? 0);
      }
    }),
  );
});

const tomorrow = Array.from({ length: 30 }, (_, n) => ({ seq: n + 1, lookAtMs: 1_000 }));

test("what is due tomorrow is read once today", () => {
  let { survey, read } = readAll(surveyFrom(1), tomorrow, 0, () => undefined);
  expect(read).toBe(30);
  for (let nowMs = 1; nowMs < 1_000; nowMs += 100) {
    ({ survey, read } = readAll(survey, tomorrow, nowMs, () => undefined));
    expect(read).toBe(0);
  }
  expect(readAll(survey, tomorrow, 1_000, () => undefined).read).toBe(30);
});

test("a long tail that is read for the first time does not keep what is due waiting", () => {
  const first = [{ seq: 1, lookAtMs: 5 }];
  let { survey } = readAll(surveyFrom(1), first, 0, () => undefined);
  const long = [...first, ...tomorrow.map((one) => ({ ...one, seq: one.seq + 1 }))];
  const read: number[] = [];
  for (let pages = 0; pages < 4; pages += 1) {
    survey = readOne(survey, long, 6, ({ seq }) => read.push(seq)) ?? survey;
  }
  expect(read.filter((seq) => seq === 1)).toEqual([1]);
});

test("a replica that lacks the newest messages does not hide them for ever", () => {
  let { survey } = readAll(surveyFrom(1), tomorrow, 0, () => undefined);
  ({ survey } = readAll(survey, tomorrow.slice(0, 10), 1_000, () => undefined));
  const seen: number[] = [];
  readAll(survey, tomorrow, 1_001, ({ seq }) => seen.push(seq));
  expect(seen).toEqual(tomorrow.slice(10).map(({ seq }) => seq));
});
