import type { Answer, Asking, Release } from "./permit-request.ts";
import type { PermitLimits } from "./decide/shares.ts";
import { createLines, type Gatekeeper } from "./wait-queues.ts";
import { createPermits } from "./permits.ts";

export type Gate = {
  /** Answers at once where it can, else within about a second. */
  readonly ask: (asking: Asking, answer: Answer) => void;
  readonly inFlight: () => number;
  /** How many wait in memory for a place that is free soon. */
  readonly inLine: () => number;
  /** Sends those away whose place does not come; to be called every `SWEEP_EVERY_MS`. */
  readonly sweep: () => void;
  /** Tells those who wait, and all who ask later, that nothing more is begun. */
  readonly close: () => void;
};

export const SWEEP_EVERY_MS = 50;

/**
 * `now` is a monotonic clock: one that is set back would make those who have to wait do so for as long.
 * Every attempt passes here: bounded for each subscription, destination, origin and workspace, and for the
 * process. One without a permit is sent away to come back in a slot of its own, unless one is free soon.
 */
export const createGate = (limits: PermitLimits, now: () => number): Gate => {
  const permits = createPermits(limits, now, () => lines.letIn());
  let isClosed = false;
  const keeper: Gatekeeper = {
    judge: (asking, lane, ahead) =>
      permits.judge(asking, lane, { ahead, aheadInAll: ahead, isInLine: true }),
    admit: (asking, lane, answer) => {
      const bodySent = once(() => permits.hold(asking.workspaceId, -asking.bytes));
      const giveBack = permits.take(asking, lane);
      const release = (released: Release): void => {
        bodySent();
        giveBack(released);
      };
      answer({ kind: "admitted", release, bodySent });
    },
    sendAway: (asking, lane, later, answer) => {
      permits.hold(asking.workspaceId, -asking.bytes);
      answer(permits.promise(asking, lane, later));
    },
  };
  const lines = createLines(keeper, now);

  return {
    inFlight: permits.inFlight,
    inLine: lines.length,
    ask: (asking, answer) => {
      if (isClosed) return answer({ kind: "closed" });
      const key = laneKey(asking);
      const lane = lines.laneOf(key) ?? { ...permits.watch(asking), line: [] };
      const rank = { ahead: lane.line.length, aheadInAll: lines.length(), isInLine: false };
      const judgement = permits.judge(asking, lane, rank);
      permits.hold(asking.workspaceId, asking.bytes);
      if (judgement.kind === "go") keeper.admit(asking, lane, answer);
      else if (judgement.kind === "line") lines.join(key, lane, asking, answer);
      else keeper.sendAway(asking, lane, judgement, answer);
    },
    sweep: lines.sweep,
    close: () => {
      isClosed = true;
      lines.close();
    },
  };
};

const once = (run: () => void): (() => void) => {
  let isRun = false;
  return () => {
    if (!isRun) run();
    isRun = true;
  };
};

const laneKey = ({ workspaceId, destination, limits }: Asking): string =>
  `${workspaceId} ${destination}${limits === undefined ? "" : ` ${limits.key}`}`;
