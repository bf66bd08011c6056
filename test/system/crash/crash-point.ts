/** Where a delivery can be stopped, in the order in which it passes. */
export const CRASH_POINTS = [
  "before the request",
  "after the answer",
  "after the attempt record",
  "after the next step",
  "before the acknowledgement",
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** At which step of which attempt a call's delivery stops. */
export interface Stop {
  readonly callId: string;
  readonly attempt: number;
  readonly point: CrashPoint;
}

/**
 * What the process does there: waits until it gets SIGCONT (or is killed), or kills the process
 * with this id at once, and either goes on or kills itself as well.
 */
type Deed =
  | { readonly kind: "wait" }
  | { readonly kind: "kill"; readonly pid: number; readonly andItself: boolean };

export interface CrashPlan {
  readonly stops: readonly Stop[];
  readonly deed: Deed;
}

/** The variable that carries the plan to `dispatcher-that-dies.ts`, as JSON. */
export const CRASH_PLAN = "CRASH_PLAN";

/** The log line with which a delivery says that it has come to its stop. */
export const STOPPED = "stopped at a crash point";

export const crashEnv = (plan: CrashPlan): Record<string, string> => ({
  [CRASH_PLAN]: JSON.stringify(plan),
});
