import type { Answer, Asking } from "./asking.ts";
import type { Condition } from "./decide/slow-start.ts";
import type { PlaceLimits } from "./decide/passage.ts";
import { createLines, type Gatekeeper } from "./lines.ts";
import { createPlaces } from "./places.ts";

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
 * Every attempt passes here: bounded for each subscription, endpoint and workspace, and for the process.
 * One without a place is sent away to come back in a slot of its own, unless a place is free soon.
 */
export const createGate = (limits: PlaceLimits, now: () => number): Gate => {
  const places = createPlaces(limits, now, () => lines.letIn());
  let isClosed = false;
  const keeper: Gatekeeper = {
    judge: (asking, lane, ahead) =>
      places.judge(asking, lane, { ahead, aheadInAll: ahead, isInLine: true }),
    admit: (asking, lane, answer) => {
      const bodySent = once(() => places.hold(asking.workspaceId, -asking.bytes));
      const giveBack = places.take(asking, lane);
      const release = (condition: Condition): void => {
        bodySent();
        giveBack(condition);
      };
      answer({ kind: "admitted", release, bodySent });
    },
    sendAway: (asking, lane, later, answer) => {
      places.hold(asking.workspaceId, -asking.bytes);
      answer(places.promise(asking, lane, later));
    },
  };
  const lines = createLines(keeper, now);

  return {
    inFlight: places.inFlight,
    inLine: lines.length,
    ask: (asking, answer) => {
      if (isClosed) return answer({ kind: "closed" });
      const key = laneKey(asking);
      const lane = lines.laneOf(key) ?? { ...places.watch(asking), line: [] };
      const rank = { ahead: lane.line.length, aheadInAll: lines.length(), isInLine: false };
      const judgement = places.judge(asking, lane, rank);
      places.hold(asking.workspaceId, asking.bytes);
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

const laneKey = ({ workspaceId, origin, limits }: Asking): string =>
  `${workspaceId} ${origin}${limits === undefined ? "" : ` ${limits.key}`}`;
