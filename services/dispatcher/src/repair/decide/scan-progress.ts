/** A range of a stream in which nothing has to be visited before `dueMs`. */
type ScanRange = {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly dueMs: number;
};

/**
 * Progress of a scan that repeats: a few numbers for each page. Messages never change, so a page whose
 * first schedule is due tomorrow is not read before tomorrow.
 */
export type ScanProgress = {
  /** Disjoint, in the stream's order. What lies between them is gone or of no interest. */
  readonly ranges: readonly ScanRange[];
  /** Nothing from here on was read yet. */
  readonly tail: { readonly fromSeq: number; readonly dueMs: number };
};

/** One page that was read. */
export type ScannedPage = {
  readonly fromSeq: number;
  /** The sequence of its last message; undefined for an empty page. */
  readonly lastSeq: number | undefined;
  /** The stream ended with this page. */
  readonly isEnd: boolean;
  /** When to visit the page again; undefined: never. */
  readonly dueMs: number | undefined;
  readonly nowMs: number;
  /** When to read on behind the end. */
  readonly tailDueMs: number;
};

export const scanFrom = (fromSeq: number): ScanProgress => ({
  ranges: [],
  tail: { fromSeq, dueMs: 0 },
});

/** Where to read next: the range that is due longest. Undefined: none is due yet. */
export const nextToScan = ({ ranges, tail }: ScanProgress, nowMs: number): number | undefined => {
  let next: Pick<ScanRange, "fromSeq" | "dueMs"> = tail;
  for (const range of ranges) if (range.dueMs < next.dueMs) next = range;
  return next.dueMs <= nowMs ? next.fromSeq : undefined;
};

/** The progress after a page: the page replaces all ranges that it covers. */
export const afterPage = ({ ranges, tail }: ScanProgress, page: ScannedPage): ScanProgress => {
  const { fromSeq, isEnd, dueMs } = page;
  const lastSeq = page.lastSeq ?? fromSeq - 1;
  const before = ranges.filter(({ toSeq }) => toSeq < fromSeq);
  const behind = isEnd ? [] : ranges.flatMap((range) => remainder(range, lastSeq));
  const isOfInterest = dueMs !== undefined && lastSeq >= fromSeq;
  const covered = isOfInterest ? [{ fromSeq, toSeq: lastSeq, dueMs }] : [];
  return { ranges: [...before, ...covered, ...behind], tail: tailAfter(tail, page, lastSeq) };
};

const tailAfter = (
  tail: ScanProgress["tail"],
  page: ScannedPage,
  lastSeq: number,
): ScanProgress["tail"] => {
  // May move backwards: a replica that is behind the others replies with an early end.
  if (page.isEnd) return { fromSeq: lastSeq + 1, dueMs: page.tailDueMs };
  if (lastSeq < tail.fromSeq) return tail;
  // Due now, not at 0: a long tail must not keep the ranges waiting.
  return { fromSeq: lastSeq + 1, dueMs: page.nowMs };
};

const remainder = (range: ScanRange, lastSeq: number): ScanRange[] =>
  range.toSeq <= lastSeq ? [] : [{ ...range, fromSeq: Math.max(range.fromSeq, lastSeq + 1) }];
