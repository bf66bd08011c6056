import type { Script } from "../../harness/receiver/behaviour.ts";
import { status } from "../../harness/receiver/behaviour.ts";
import { CRASH_POINTS, type CrashPoint, type Stop } from "./crash-point.ts";

/** The receiver has the request and does not answer until the crash is over. */
export const REQUEST_RECEIVED = "after the request was received";

/** One delivery: what its endpoint answers to each attempt, and where it is when the crash comes. */
export interface Chain {
  /** Agent, call and path of its own. */
  readonly id: string;
  readonly title: string;
  readonly attempt: number;
  readonly point: CrashPoint | typeof REQUEST_RECEIVED;
  /** A status for attempt 1, 2, …; the chain ends with the last one. */
  readonly statuses: readonly number[];
}

const POINTS = [...CRASH_POINTS, REQUEST_RECEIVED] as const;

/** As many retries as the longest chain has, so that its end is a dead letter. */
export const RETRY_DELAYS = "1s,1s,1s";

/** Statuses of chains in which attempt `n` fails and is tried again, succeeds, or is the last. */
const ENDINGS = [
  { kind: "fails", attempt: 1, statuses: [500, 200] },
  { kind: "fails", attempt: 2, statuses: [500, 500, 200] },
  { kind: "succeeds", attempt: 1, statuses: [200] },
  { kind: "succeeds", attempt: 2, statuses: [500, 200] },
  { kind: "is given up with", attempt: 4, statuses: [500, 500, 500, 500] },
] as const;

/** Every point of a first attempt, a retry and a last attempt, with every next step. */
export const CHAINS: readonly Chain[] = ENDINGS.flatMap(({ kind, attempt, statuses }, e) =>
  POINTS.map((point, p) => ({
    id: `chain-${e}-${p}`,
    title: `${point} of attempt ${attempt}, which ${kind === "is given up with" ? "is the last" : kind}`,
    attempt,
    point,
    statuses,
  })),
);

/** The stops that the dispatcher itself makes; at the others the receiver keeps it waiting. */
export const stopsOf = (chains: readonly Chain[]): Stop[] =>
  chains.flatMap(({ id, attempt, point }) =>
    point === REQUEST_RECEIVED ? [] : [{ callId: id, attempt, point }],
  );

/** Answers every attempt as its chain says; the ones that are to be caught open, `lateMs` later. */
export const chainScript = (chains: readonly Chain[], lateMs: number): Script => {
  // Kept open once; when the request comes again it is answered at once.
  const held = new Set<string>();
  return ({ path, headers }) => {
    const chain = chains.find(({ id }) => path === pathOf(id));
    const attempt = Number(headers["ringback-attempt"]);
    const code = chain?.statuses[attempt - 1] ?? 200;
    const key = `${path} ${attempt}`;
    if (chain?.point !== REQUEST_RECEIVED || chain.attempt !== attempt || held.has(key)) {
      return status(code);
    }
    held.add(key);
    return { kind: "late_status", status: code, afterMs: lateMs };
  };
};

export const pathOf = (id: string): string => `/${id}`;

export const endsWithDeadLetter = ({ statuses }: Chain): boolean => statuses.at(-1) !== 200;

/** A kill here leaves a request behind that nobody knows of. */
export const isBetweenSendingAndRecord = ({ point }: Chain): boolean =>
  point === REQUEST_RECEIVED || point === "after the answer";
