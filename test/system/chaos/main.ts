import { setTimeout as pause } from "node:timers/promises";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { integerSchema } from "@ringback/runtime/settings/settings";
import { z } from "zod";
import { explain, Interrupted, interruptions, withDeadline } from "../../../scripts/local/wait.ts";
import { closeOpenResources } from "../../harness/process/open-resources.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { type Scene, startScene } from "./scene.ts";

/** Starting, settling and reading all that there is, on a busy machine. */
const BESIDES_MS = 300_000;
/** The retry reconciler may take two minutes to bring back a retry that the servers lost (docs/adr/0013). */
const SETTLED_WITHIN_MS = 150_000;
const PROBLEMS_SHOWN = 10;
/** By then there are events on every part of their way. */
const WARM_UP_MS = 3_000;

const settings = {
  SECONDS: integerSchema(5, 3_600).prefault("30"),
  RATE: integerSchema(1, 1_000).prefault("40"),
  FAULT: z.enum(["all", ...Object.keys(FAULTS)]).prefault("all"),
} as const;

/** Runs one fault under load; true when nothing was wrong afterwards. */
const run = async (name: string, fault: Fault, seconds: number, rate: number): Promise<boolean> => {
  console.log(`${name}: ${fault.does}`);
  const scene = await startScene({ eventsPerSecond: rate, ...(await fault.scene?.()) });
  const untilMs = performance.now() + seconds * 1_000;
  const leftMs = (): number => Math.max(0, untilMs - performance.now());
  const rest = (ms: number): Promise<void> => pause(Math.min(ms, leftMs()));
  await rest(WARM_UP_MS);
  for (let n = 0; leftMs() > 0; n += 1) await fault.once(scene, rest, n);
  const isRight = await report(name, scene);
  await scene.stop();
  return isRight;
};

const report = async (name: string, scene: Scene): Promise<boolean> => {
  const published = scene.traffic.published();
  const { counts, problems, unsettled } = await scene.end(SETTLED_WITHIN_MS);
  const { problems: byKind, ...others } = counts;
  const line = Object.entries({ published, ...others, ...byKind }).map(([key, n]) => `${key} ${n}`);
  console.log(`${name}: ${line.join(", ")}`);
  const refused = [...scene.traffic.refusals].map(([answer, n]) => `${answer} × ${n}`);
  if (refused.length > 0) console.log(`${name}: PATCH was not answered 200: ${refused.join(", ")}`);
  for (const { kind, what } of problems.slice(0, PROBLEMS_SHOWN)) console.log(`  ${kind}: ${what}`);
  if (problems.length > PROBLEMS_SHOWN) console.log(`  … ${problems.length} in all`);
  if (unsettled !== undefined) console.log(`${name}: ${unsettled}`);
  const isRight = problems.length === 0 && unsettled === undefined;
  if (!isRight) for (const complaint of said(scene)) console.log(`  ${complaint}`);
  console.log(`${name}: ${isRight ? "ok" : "FAILED"}\n`);
  return isRight;
};

/** What the services complained of, how often, and each for the last time. */
const said = ({ services: { subscriptions, dispatchers } }: Scene): readonly string[] =>
  [subscriptions, ...dispatchers].flatMap(({ logs }, n) => {
    const loud = logs.filter(({ level }) => level !== "info" && level !== "debug");
    const last = new Map(loud.map((line) => [line.msg, line]));
    const who = n === 0 ? "subscriptions" : `dispatcher ${n}`;
    return [...last].map(([msg, line]) => {
      const times = loud.filter((one) => one.msg === msg).length;
      return `${who}: ${String(msg)} × ${times}: ${JSON.stringify(line).slice(0, 600)}`;
    });
  });

const chaos = async (signal: AbortSignal): Promise<number> => {
  const { SECONDS, RATE, FAULT } = parseSettings(settings, process.env);
  const chosen = Object.entries(FAULTS).filter(([name]) => FAULT === "all" || FAULT === name);
  const failed: string[] = [];
  for (const [name, fault] of chosen) {
    const running = run(name, fault, SECONDS, RATE);
    try {
      const isRight = await withDeadline(running, SECONDS * 1_000 + BESIDES_MS, name, signal);
      if (!isRight) failed.push(name);
    } catch (error) {
      if (signal.aborted) throw error;
      console.log(`${name}: DID NOT RUN TO ITS END: ${explain(error)}\n`);
      failed.push(name);
      await closeOpenResources();
    }
  }
  console.log(failed.length === 0 ? "chaos: ok" : `chaos: FAILED: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
};

const signal = interruptions();
let exitCode = 1;
try {
  exitCode = await chaos(signal);
} catch (error) {
  console.error(`chaos: ${explain(error)}`);
  if (error instanceof Interrupted) exitCode = error.exitCode;
} finally {
  await closeOpenResources();
}
process.exit(exitCode);
