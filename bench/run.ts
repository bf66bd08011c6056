import { existsSync } from "node:fs";
import { explain, Interrupted, interruptions, withDeadline } from "../scripts/local/wait.ts";
import { ensureNatsServer } from "../scripts/nats-server.ts";
import { DOUBTFUL_SHARE, watchOthers } from "./busy-machine.ts";
import { scenariosNamed } from "./catalogue.ts";
import { profileLines } from "./profiles.ts";
import type { Figure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { readOptions, type BenchOptions } from "./options.ts";
import { writeResults, type ScenarioResult } from "./results.ts";
import type { Scenario } from "./scenario.ts";
import { figureTable, shown } from "./table.ts";

// The first run may have to fetch a nats-server over a slow line.
const NATS_SERVER_MS = 10 * 60_000;

/** Runs the scenarios one after the other and shows what they came to. */
const bench = async (signal: AbortSignal): Promise<void> => {
  if (!existsSync("/proc/self/stat")) throw new Error("there is no /proc here: it needs Linux");
  const options = readOptions(process.env);
  const scenarios = scenariosNamed(options.scenario);
  const search = ensureNatsServer();
  const natsServer = await withDeadline(search, NATS_SERVER_MS, "getting nats-server", signal);
  const startedAt = new Date();
  const machine = await describeMachine(natsServer);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    results.push(await runScenario(scenario, options, natsServer, signal));
  }
  console.log(`\n${figureTable(results)}\n`);
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB`);
  console.log(`${machine.kernel}; Node.js ${machine.node}; ${machine.nats_server}`);
  for (const result of results) warnOfOthers(result);
  for (const line of await profileLines(options.profileTo, startedAt)) console.log(line);
  const file = await writeResults(startedAt, machine, options, results);
  console.log(`results: ${file}`);
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return;
  const why = failed.map(({ scenario, failure }) => `${scenario}: ${failure}`);
  throw new Error(`not run to the end:\n${why.join("\n")}`);
};

const runScenario = async (
  scenario: Scenario,
  options: BenchOptions,
  natsServer: string,
  interrupted: AbortSignal,
): Promise<ScenarioResult> => {
  const { name: scenarioName, longestMs } = scenario;
  const say = (text: string): void => console.log(`${scenarioName}: ${text}`);
  const tooLong = new AbortController();
  const timer = setTimeout(
    () => tooLong.abort(new Error(`${scenarioName} took longer than ${longestMs / 60_000} min`)),
    longestMs,
  );
  const signal = AbortSignal.any([interrupted, tooLong.signal]);
  const othersShare = watchOthers();
  const startedMs = performance.now();
  let figures: readonly Figure[] = [];
  const soFar = (some: readonly Figure[]): void => {
    figures = [...some];
  };
  let failure: string | undefined;
  try {
    figures = await scenario.run({ options, natsServer, signal, say, soFar });
  } catch (error) {
    interrupted.throwIfAborted();
    failure = explain(signal.aborted ? signal.reason : error);
    say(failure);
  } finally {
    clearTimeout(timer);
  }
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const result = { scenario: scenarioName, figures, seconds, others_share: othersShare() };
  return failure === undefined ? result : { ...result, failure };
};

const warnOfOthers = ({ scenario, others_share: share }: ScenarioResult): void => {
  const percent = shown(share * 100, "percent");
  const verdict = share > DOUBTFUL_SHARE ? "DOUBTFUL: the machine was not its own" : "undisturbed";
  console.log(`${scenario}: other processes took ${percent} of the machine's CPU (${verdict})`);
};

const signal = interruptions();
try {
  await bench(signal);
  process.exit(0);
} catch (error) {
  console.error(`\nbench: ${explain(error)}`);
  process.exit(error instanceof Interrupted ? error.exitCode : 1);
}
