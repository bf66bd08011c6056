import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { integerSchema } from "@ringback/runtime/settings/settings";
import { z } from "zod";
import { explain, Interrupted, interruptions } from "../../../scripts/local/wait.ts";
import { eventually } from "../../harness/eventually.ts";
import { closeOpenResources } from "../../harness/process/open-resources.ts";
import { setup } from "../../harness/process/packed-services.ts";
import { alerts, ruleFiles } from "../mixin.ts";
import { tools } from "../promtool.ts";
import { customers, filling, hanging, unwanted } from "./broken-customers.ts";
import {
  allKilled,
  natsAway,
  noStreams,
  paused,
  takenAway,
  withoutKey,
} from "./broken-infrastructure.ts";
import { killed, processes } from "./broken-processes.ts";
import { EXPECTED, NOT_MADE } from "./expected.ts";
import { calm, others } from "./quiet.ts";
import { scaled } from "./scaled.ts";
import type { Scene } from "./scene.ts";
import { judged, table, unexpected } from "./table.ts";
import { keyOf, watch, type Watch } from "./watch.ts";

const settings = {
  /** How long failures last at most. What waits longer is seen with shortened windows only. */
  FAILURE_MINUTES: integerSchema(1, 120).prefault("18"),
  QUIET_MINUTES: integerSchema(1, 60).prefault("4"),
  SCALE: integerSchema(2, 60).prefault("20"),
  ONLY: z.string().prefault(""),
} as const;

const SCENES: Readonly<Record<string, () => Promise<Scene>>> = {
  calm,
  killed,
  "nats-away": natsAway,
  paused,
  "all-killed": allKilled,
  "taken-away": takenAway,
  "no-streams": noStreams,
  processes,
  customers,
  unwanted,
  filling,
  hanging,
  keys: withoutKey,
  others,
};
const SHIPPED_EVERY_SECONDS = 15;
const MENDED_MINUTES = 6;

const say = (text: string): void =>
  console.log(`${(performance.now() / 1_000).toFixed(0).padStart(5)} s  ${text}`);

/** Waits for a time, or for less where nothing is left to wait for. */
const until = (isOver: () => boolean, minutes: number, what: string): Promise<unknown> =>
  eventually(isOver, { timeoutMs: minutes * 60_000, intervalMs: 1_000, what }).catch(
    () => undefined,
  );

const run = async (signal: AbortSignal): Promise<number> => {
  const { FAILURE_MINUTES, QUIET_MINUTES, SCALE, ONLY } = parseSettings(settings, process.env);
  if (tools.kind === "absent") throw new Error(`no Prometheus here: ${tools.reason}`);
  const binary = tools.prometheus;
  const names = Object.keys(SCENES).filter((name) => ONLY === "" || ONLY.split(",").includes(name));
  const scenes: Scene[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    const start = SCENES[name];
    if (start !== undefined) scenes.push(await start());
    say(`${name}: started`);
  }
  const shippedRules = ruleFiles.flatMap(({ groups }) => groups);
  const shipped = { binary, groups: shippedRules, everySeconds: SHIPPED_EVERY_SECONDS };
  const short = { binary, groups: scaled(ruleFiles, SCALE), everySeconds: 1 };
  const watches = await Promise.all([
    watch({ ...shipped, scenes }),
    watch({ ...short, scenes }),
    watch({ ...shipped, scenes: [] }),
    watch({ ...short, scenes: [] }),
  ]);
  const [real, fast, realAlone, fastAlone] = watches;
  say(`quiet for ${QUIET_MINUTES} min`);
  await until(() => signal.aborted, QUIET_MINUTES, "quiet");
  const early = [...real.seen.keys(), ...fast.seen.keys()].filter(
    (key) => !key.startsWith("others"),
  );
  say(`fired while nothing was wrong: ${early.join(", ") || "nothing"}`);
  const wanted = EXPECTED.filter(
    ({ scene }) => names.includes(scene) || (scene === "" && ONLY === ""),
  );
  const failedMs = new Map<string, number>([["", 0]]);
  await Promise.all(
    scenes.map(async (scene) => {
      failedMs.set(scene.name, performance.now());
      await scene.fail().catch((error: unknown) => say(`${scene.name}: ${explain(error)}`));
      say(`${scene.name}: failed`);
    }),
  );
  const isSeen =
    (by: Watch, alone: Watch) =>
    (one: (typeof wanted)[number]): boolean =>
      (one.scene === "" ? alone : by).seen.has(keyOf(one.scene, one.alert, one.severity));
  const inTime = wanted.filter(({ withinMinutes }) => withinMinutes <= FAILURE_MINUTES + 2);
  const all = (): boolean =>
    signal.aborted ||
    (wanted.every(isSeen(fast, fastAlone)) && inTime.every(isSeen(real, realAlone)));
  await until(all, FAILURE_MINUTES, "everything fired");
  const mendedMs = performance.now();
  await Promise.all(
    scenes.map((scene) =>
      scene.mend().catch((error: unknown) => say(`${scene.name}: ${explain(error)}`)),
    ),
  );
  say("mended");
  const isGone = (): boolean =>
    wanted.every(({ scene, alert, severity }) => {
      const lastMs = fast.seen.get(keyOf(scene, alert, severity))?.lastMs ?? 0;
      return performance.now() - lastMs > 10_000;
    });
  await until(() => signal.aborted || isGone(), MENDED_MINUTES, "everything resolved");
  const found = { real, fast, realAlone, fastAlone, failedMs, mendedMs, scale: SCALE };
  const rows = judged(wanted, found);
  console.log(table(rows, NOT_MADE));
  const loose = unexpected([...real.seen.keys(), ...fast.seen.keys()], early);
  for (const line of loose) console.log(line);
  const forgotten = alerts.filter(
    ({ alert }) => !(alert in NOT_MADE) && !EXPECTED.some((one) => one.alert === alert),
  );
  for (const { alert } of forgotten) console.log(`${alert}: has no failure here`);
  for (const broken of await real.prometheus.brokenRules()) console.log(broken);
  await Promise.all([...watches.map(({ stop }) => stop()), ...scenes.map(({ stop }) => stop())]);
  return rows.every(({ isRight }) => isRight) && loose.length + forgotten.length === 0 ? 0 : 1;
};

const signal = interruptions();
let exitCode = 1;
const unpack = await setup();
try {
  exitCode = await run(signal);
} catch (error) {
  console.error(`alerts-live: ${explain(error)}`);
  if (error instanceof Interrupted) exitCode = error.exitCode;
} finally {
  await closeOpenResources();
  await unpack();
}
process.exit(exitCode);
