/** A part of a stream in which nothing needs to be looked at before a time. */
export type Stretch = {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly lookAtMs: number;
};

/**
 * What is known of a stream that is looked through again and again: a few numbers for each page of it.
 * Messages never change, so a page whose first schedule is due tomorrow is not read before tomorrow.
 */
export type Survey = {
  /** Disjoint, in the stream's order. What lies between them is gone or of no interest. */
  readonly stretches: readonly Stretch[];
  /** From here on nothing was read yet. */
  readonly tail: { readonly fromSeq: number; readonly lookAtMs: number };
};

/** One page that was read. */
export type Look = {
  readonly fromSeq: number;
  /** The sequence of the last message in it; undefined for an empty one. */
  readonly lastSeq: number | undefined;
  /** Nothing was behind the page. */
  readonly isEnd: boolean;
  /** When something in it has to be looked at again; undefined: never. */
  readonly lookAtMs: number | undefined;
  readonly nowMs: number;
  /** When to look for what is stored behind the end. */
  readonly tailLookAtMs: number;
};

/** A stream of which nothing is known from a sequence on. */
export const surveyFrom = (fromSeq: number): Survey => ({
  stretches: [],
  tail: { fromSeq, lookAtMs: 0 },
});

/** Where to read next: what has waited longest for it. Undefined: nothing is to be read yet. */
export const nextToRead = ({ stretches, tail }: Survey, nowMs: number): number | undefined => {
  let next: Pick<Stretch, "fromSeq" | "lookAtMs"> = tail;
  for (const stretch of stretches) if (stretch.lookAtMs < next.lookAtMs) next = stretch;
  return next.lookAtMs <= nowMs ? next.fromSeq : undefined;
};

/** What is known after a page was read: it takes the place of all that it covers. */
export const afterLook = ({ stretches, tail }: Survey, look: Look): Survey => {
  const { fromSeq, isEnd, lookAtMs } = look;
  const lastSeq = look.lastSeq ?? fromSeq - 1;
  const before = stretches.filter(({ toSeq }) => toSeq < fromSeq);
  const behind = isEnd ? [] : stretches.flatMap((stretch) => remainder(stretch, lastSeq));
  const isOfInterest = lookAtMs !== undefined && lastSeq >= fromSeq;
  const covered = isOfInterest ? [{ fromSeq, toSeq: lastSeq, lookAtMs }] : [];
  return { stretches: [...before, ...covered, ...behind], tail: tailAfter(tail, look, lastSeq) };
};

const tailAfter = (tail: Survey["tail"], look: Look, lastSeq: number): Survey["tail"] => {
  // Also before what was known: a replica that is behind the others answers with an early end.
  if (look.isEnd) return { fromSeq: lastSeq + 1, lookAtMs: look.tailLookAtMs };
  if (lastSeq < tail.fromSeq) return tail;
  // In its turn, not first: a long tail must not keep the stretches waiting.
  return { fromSeq: lastSeq + 1, lookAtMs: look.nowMs };
};

const remainder = (stretch: Stretch, lastSeq: number): Stretch[] =>
  stretch.toSeq <= lastSeq ? [] : [{ ...stretch, fromSeq: Math.max(stretch.fromSeq, lastSeq + 1) }];
