import type { Answer, Asking } from "./permit-request.ts";
import type { Judgement } from "./decide/permit.ts";
import { waitedInVainMs } from "./decide/slots.ts";
import type { Watched } from "./limiter-state.ts";

type Waiting = { readonly asking: Asking; readonly answer: Answer; readonly sinceMs: number };

/** Those who wait for one destination; each subscription with limits has a line of its own. */
export type Lane = Watched & { readonly line: Waiting[] };

type Later = Extract<Judgement, { kind: "later" }>;

/** What becomes of those who wait. */
export type Gatekeeper = {
  /** How it stands with one that has `ahead` others before it in its lane. */
  readonly judge: (asking: Asking, lane: Lane, ahead: number) => Judgement;
  readonly admit: (asking: Asking, lane: Lane, answer: Answer) => void;
  readonly sendAway: (asking: Asking, lane: Lane, later: Later, answer: Answer) => void;
};

export type Lines = {
  readonly length: () => number;
  readonly laneOf: (key: string) => Lane | undefined;
  readonly join: (key: string, lane: Lane, asking: Asking, answer: Answer) => void;
  /** Something ended: those who may go now go, the lanes in turn. */
  readonly letIn: () => void;
  /** Sends those away whose place does not come. */
  readonly sweep: () => void;
  readonly close: () => void;
};

/** By the look of it nobody waits for this long: the look was wrong. */
const OUT_OF_LINE_MS = 1_000;

/** One end may make room in several lanes: so many are looked at, the others when it is their turn. */
const LANES_LOOKED_AT = 8;

/** Those who wait in memory for a place that is free soon. */
export const createLines = (keeper: Gatekeeper, now: () => number): Lines => {
  /** The lanes in which somebody waits; the one whose turn it is comes first. */
  const lanes = new Map<string, Lane>();
  let length = 0;

  const serve = (key: string, lane: Lane): void => {
    for (let head = lane.line[0]; head !== undefined; head = lane.line[0]) {
      const judgement = atTheHead(head, lane);
      if (judgement.kind === "line") break;
      lane.line.shift();
      length -= 1;
      if (judgement.kind === "go") keeper.admit(head.asking, lane, head.answer);
      else keeper.sendAway(head.asking, lane, judgement, head.answer);
    }
    lanes.delete(key);
    if (lane.line.length > 0) lanes.set(key, lane); // behind the others
  };

  const atTheHead = ({ asking, sinceMs }: Waiting, lane: Lane): Judgement => {
    const judgement = keeper.judge(asking, lane, 0);
    if (judgement.kind !== "line" || now() - sinceMs < OUT_OF_LINE_MS) return judgement;
    const freeAtMs = now() + waitedInVainMs(asking.deferrals);
    return { kind: "later", by: "destination", freeAtMs, paceMs: 0 };
  };

  const serveInTurn = (most: number): void => {
    let looked = 0;
    for (const [key, lane] of lanes) {
      if (looked === most) return; // those who still wait went behind the others
      looked += 1;
      serve(key, lane);
    }
  };

  /** The last in a lane waits for the longest: it goes first when its destination has become slow. */
  const trim = (lane: Lane): void => {
    for (let last = lane.line.at(-1); last !== undefined; last = lane.line.at(-1)) {
      const judgement = keeper.judge(last.asking, lane, lane.line.length - 1);
      if (judgement.kind !== "later") return;
      lane.line.pop();
      length -= 1;
      keeper.sendAway(last.asking, lane, judgement, last.answer);
    }
  };

  return {
    length: () => length,
    laneOf: (key) => lanes.get(key),
    join: (key, lane, asking, answer) => {
      lane.line.push({ asking, answer, sinceMs: now() });
      lanes.set(key, lane);
      length += 1;
    },
    letIn: () => serveInTurn(LANES_LOOKED_AT),
    sweep: () => {
      for (const lane of lanes.values()) trim(lane);
      serveInTurn(lanes.size);
    },
    close: () => {
      for (const { line } of lanes.values()) {
        for (const { answer } of line) answer({ kind: "closed" });
      }
      lanes.clear();
      length = 0;
    },
  };
};
