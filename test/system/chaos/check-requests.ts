import type {
  AddressChange,
  AgentAddresses,
  Bounds,
  Evidence,
  RepeatWindow,
  SeenRequest,
} from "./evidence.ts";
import type { Problem } from "./problem.ts";

export interface RequestsChecked {
  readonly repeats: number;
  readonly documentedRepeats: number;
  readonly problems: readonly Problem[];
}

/** Whether requests came in time, to the right address, and once. */
export const checkRequests = (evidence: Evidence, bounds: Bounds): RequestsChecked => {
  const byEvent = Map.groupBy(evidence.requests, ({ eventId }) => eventId);
  const changes = changesByPath(evidence.addresses);
  const problems: Problem[] = evidence.requests.flatMap((r) => staleProblems(r, changes, bounds));
  let repeats = 0;
  let documentedRepeats = 0;
  for (const requests of byEvent.values()) {
    const byAttempt = Map.groupBy(requests, ({ attempt }) => attempt);
    for (const [attempt, same] of byAttempt) {
      const inOrder = same.toSorted((a, b) => a.atMs - b.atMs);
      problems.push(...earlyProblems(inOrder, byAttempt.get(attempt - 1) ?? [], bounds));
      for (const [n, request] of inOrder.entries()) {
        const before = inOrder[n - 1];
        if (before === undefined) continue;
        repeats += 1;
        if (isExplained(before, evidence.windows, bounds)) documentedRepeats += 1;
        else problems.push(repeatProblem(before, request));
      }
    }
  }
  return { repeats, documentedRepeats, problems };
};

const named = ({ eventId, attempt, path }: SeenRequest): string =>
  `${eventId} attempt ${attempt} at ${path}`;

/** By a path, the change that made it an address and the one that ended it. */
type Changes = ReadonlyMap<
  string,
  readonly [made: AddressChange, ended: AddressChange | undefined]
>;

const changesByPath = (addresses: readonly AgentAddresses[]): Changes =>
  new Map(
    addresses.flatMap(({ changes }) =>
      changes.flatMap((change, n) =>
        change.path === null ? [] : [[change.path, [change, confirmedAfter(changes, n)]] as const],
      ),
    ),
  );

const confirmedAfter = (changes: readonly AddressChange[], n: number): AddressChange | undefined =>
  changes.slice(n + 1).find(({ confirmedAtMs }) => confirmedAtMs !== null);

const staleProblems = (request: SeenRequest, changes: Changes, bounds: Bounds): Problem[] => {
  const found = changes.get(request.path);
  const stale = (what: string): Problem[] => [
    { kind: "stale", what: `${named(request)}: ${what}` },
  ];
  if (found === undefined) return stale("was never an address");
  const [made, ended] = found;
  if (request.atMs < made.askedAtMs) return stale("before anybody had asked for that address");
  const endedAtMs = ended?.confirmedAtMs ?? Infinity;
  const lateMs = request.atMs - endedAtMs;
  if (lateMs <= bounds.staleMs) return [];
  const how = ended?.path === null ? "removed" : "replaced";
  return stale(`${lateMs} ms after it was ${how}, bound ${bounds.staleMs} ms`);
};

/**
 * A retry follows the answer to the attempt before by its delay at least. Where that attempt was made more
 * than once, whichever was recorded counts, which nobody outside knows: the first one is the least to ask.
 */
const earlyProblems = (
  requests: readonly SeenRequest[],
  before: readonly SeenRequest[],
  { retryDelaysMs, toleranceMs }: Bounds,
): Problem[] => {
  const first = requests[0];
  const delayMs = retryDelaysMs[(first?.attempt ?? 0) - 2];
  if (first === undefined || delayMs === undefined || before.length === 0) return [];
  const answeredAtMs = Math.min(...before.map((request) => request.answeredAtMs ?? request.atMs));
  const earlyMs = answeredAtMs + delayMs - first.atMs;
  if (earlyMs <= toleranceMs) return [];
  return [
    { kind: "early", what: `${named(first)}: ${earlyMs} ms before its ${delayMs} ms were over` },
  ];
};

/** A request may be made again when a window opens between its arrival and the record of its answer. */
const isExplained = (
  before: SeenRequest,
  windows: readonly RepeatWindow[],
  { recordMs }: Bounds,
): boolean => {
  const untilMs = (before.answeredAtMs ?? before.atMs) + recordMs;
  return windows.some(({ fromMs, toMs }) => before.atMs <= toMs && untilMs >= fromMs);
};

const repeatProblem = (before: SeenRequest, again: SeenRequest): Problem => ({
  kind: "repeated",
  what: `${named(again)}: made again after ${again.atMs - before.atMs} ms`,
});
