import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verdictOf, type Figure } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";

/** What one scenario came to. */
export type ScenarioResult = {
  readonly scenario: string;
  readonly figures: readonly Figure[];
  /** Why the scenario was not run to its end; the figures are those that it had by then. */
  readonly failure?: string;
  readonly seconds: number;
  /** What other processes took of the machine's CPU meanwhile, from 0 to 1. */
  readonly others_share: number;
};

/** Writes a run's results into a file of its own, and says which. */
export const writeResults = async (
  startedAt: Date,
  machine: Machine,
  options: BenchOptions,
  results: readonly ScenarioResult[],
): Promise<string> => {
  const directory = options.resultsTo;
  await mkdir(directory, { recursive: true });
  // A colon is not allowed in file names everywhere.
  const file = join(directory, `${startedAt.toISOString().replaceAll(":", "-")}.json`);
  const content = {
    started_at: startedAt.toISOString(),
    form: options.isShort ? "short" : "full",
    machine,
    dispatcher_settings: options.dispatcherSettings,
    results: results.map(({ figures, ...rest }) => ({
      ...rest,
      figures: figures.map((each) => ({ ...each, verdict: verdictOf(each) })),
    })),
  };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return file;
};
