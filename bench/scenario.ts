import type { Figure } from "./figures.ts";
import type { BenchOptions } from "./options.ts";

/** What every scenario is given. */
export type Bench = {
  readonly options: BenchOptions;
  /** The nats-server to run. */
  readonly natsServer: string;
  /** Aborted when somebody ends the run, or the scenario has had its time. */
  readonly signal: AbortSignal;
  /** Tells the person in front of it what goes on. */
  readonly say: (text: string) => void;
  /** Keeps figures of a long scenario that is not through: they are shown even if the rest fails. */
  readonly soFar: (figures: readonly Figure[]) => void;
};

/** One scenario: starts what it needs, measures, and stops everything again. */
export type Scenario = {
  readonly name: string;
  /** The longest that the full form takes, so that the whole run has an end. */
  readonly longestMs: number;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
};
