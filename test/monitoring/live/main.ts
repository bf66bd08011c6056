import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { integerSchema } from "@ringback/runtime/settings/settings";
import { z } from "zod";
import { explain, Interrupted, interruptions } from "../../../scripts/local/wait.ts";
import { eventually } from "../../harness/eventually.ts";
import { closeOpenResources } from "../../harness/process/open-resources.ts";
import { setup } from "../../harness/process/packed-services.ts";
import { alerts, ruleFiles } from "../mixin.ts";
import { tools } from "../promtool.ts";
import { customers, hanging, unwanted } from "./broken-customers.ts";
import {
  allKilled,
  natsAway,
  noStreams,
  paused,
  takenAway,
  withoutKey,
} from "./broken-infrastructure.ts";
import { killed, processes } from "./broken-processes.ts";
import { EXPECTED, type Expected } from "./expected.ts";
import { filling, outOfRoom } from "./out-of-room.ts";
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
  others,
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
  "out-of-room": outOfRoom,
  hanging,
  keys: withoutKey,
};

/** What runs at once: with all scenes beside each other, two cores are too slow to judge what stays calm. */
const GROUPS: readonly (readonly string[])[] = [
  ["calm", "killed", "nats-away", "paused", "others"],
  ["calm", "all-killed", "taken-away", "no-streams", "processes", "out-of-room"],
  ["calm", "customers", "unwanted", "filling", "hanging", "keys"],
];
const SHIPPED_EVERY_SECONDS = 15;
/** As often as one machine can with all the scenes, and a third of the shortest window. */
const SHORT_EVERY_SECONDS = 2;
const MENDED_MINUTES = 6;

const say = (text: string): void =>
  console.log(`${(performance.now() / 1_000).toFixed(0).padStart(5)} s  ${text}`);

/** Waits for a time, or for less where nothing is left to wait for. */
const until = (isOver: () => boolean, minutes: number, what: string): Promise<unknown> =>
  eventually(isOver, { timeoutMs: minutes * 60_000, intervalMs: 1_000, what }).catch(
    () => undefined,
  );

/** The rules as they ship and the shortened ones, each beside the scenes and in a Prometheus without any. */
const watchAll = async (binary: string, scenes: readonly Scene[], scale: number) => {
  const shipped = {
    binary,
    everySeconds: SHIPPED_EVERY_SECONDS,
    groups: ruleFiles.flatMap((file) => file.groups),
  };
  const short = { binary, everySeconds: SHORT_EVERY_SECONDS, groups: scaled(ruleFiles, scale) };
  const [real, fast, realAlone, fastAlone] = await Promise.all([
    watch({ ...shipped, scenes }),
    watch({ ...short, scenes }),
    watch({ ...shipped, scenes: [] }),
    watch({ ...short, scenes: [] }),
  ]);
  return { real, fast, realAlone, fastAlone };
};

const startScenes = async (names: readonly string[], signal: AbortSignal): Promise<Scene[]> => {
  const scenes: Scene[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    const start = SCENES[name];
    if (start !== undefined) scenes.push(await start());
  }
  return scenes;
};

/** What could not be done, or was not to be. */
type Problems = string[];

type Judgement = { readonly rows: ReturnType<typeof judged>; readonly problems: Problems };

/** Does it to one scene after the other, as each takes a machine's whole power for a moment; when it began, by scene. */
const everywhere = async (
  scenes: readonly Scene[],
  act: "fail" | "mend",
  problems: Problems,
): Promise<ReadonlyMap<string, number>> => {
  const begun = new Map<string, number>();
  for (const scene of scenes) {
    begun.set(scene.name, performance.now());
    await scene[act]().catch((error: unknown) => {
      problems.push(`${scene.name} could not ${act}: ${explain(error)}`);
    });
  }
  return begun;
};

const isSeen =
  (by: Watch, alone: Watch) =>
  ({ scene, alert, severity }: Expected): boolean =>
    (scene === "" ? alone : by).seen.has(keyOf(scene, alert, severity));

/** The failures of some scenes, from quiet to the time after they are mended. */
const runGroup = async (names: readonly string[], signal: AbortSignal): Promise<Judgement> => {
  const { FAILURE_MINUTES, QUIET_MINUTES, SCALE } = parseSettings(settings, process.env);
  if (tools.kind === "absent") throw new Error(`no Prometheus here: ${tools.reason}`);
  const problems: Problems = [];
  const scenes = await startScenes(names, signal);
  const watches = await watchAll(tools.prometheus, scenes, SCALE);
  const { real, fast, realAlone, fastAlone } = watches;
  const watchedMs = performance.now();
  say(`${names.join(", ")}: quiet for ${QUIET_MINUTES} min`);
  await until(() => signal.aborted, QUIET_MINUTES, "quiet");
  const early = [...real.seen.keys()];
  const wanted = EXPECTED.filter(({ scene }) => scene === "" || names.includes(scene));
  const failed = await everywhere(scenes, "fail", problems);
  const failedMs = new Map([["", watchedMs], ...failed]);
  say(`failed; for at most ${FAILURE_MINUTES} min`);
  const inTime = wanted.filter(({ withinMinutes }) => withinMinutes <= FAILURE_MINUTES + 2);
  const haveAllFired = (): boolean =>
    signal.aborted ||
    (wanted.every(isSeen(fast, fastAlone)) && inTime.every(isSeen(real, realAlone)));
  await until(haveAllFired, FAILURE_MINUTES, "everything fired");
  const mendedMs = performance.now();
  await everywhere(scenes, "mend", problems);
  say("mended");
  const isGone = ({ scene, alert, severity }: Expected): boolean =>
    performance.now() - (fast.seen.get(keyOf(scene, alert, severity))?.lastMs ?? 0) > 10_000;
  await until(() => signal.aborted || wanted.every(isGone), MENDED_MINUTES, "everything resolved");
  const rows = judged(wanted, { ...watches, failedMs, mendedMs });
  problems.push(
    ...unexpected([...real.seen.keys()], early),
    ...(await real.prometheus.brokenRules()),
  );
  for (const key of unexpected([...fast.seen.keys()], [])) say(`with shortened windows: ${key}`);
  await Promise.all([...Object.values(watches), ...scenes].map(({ stop }) => stop()));
  return { rows, problems };
};

const run = async (signal: AbortSignal): Promise<number> => {
  const { ONLY } = parseSettings(settings, process.env);
  const groups = ONLY === "" ? GROUPS : [ONLY.split(",").filter((name) => name in SCENES)];
  const all: Judgement[] = [];
  for (const names of groups) {
    signal.throwIfAborted();
    const judgement = await runGroup(names, signal);
    console.log([table(judgement.rows), ...judgement.problems].join("\n"));
    all.push(judgement);
  }
  const problems = [...all.flatMap((one) => one.problems), ...unmade()];
  const wrong = all.flatMap(({ rows }) => rows).filter(({ isRight }) => !isRight);
  console.log(
    [...problems, ...wrong.map(({ alert }) => `${alert}: not as its text says`)].join("\n"),
  );
  return wrong.length + problems.length === 0 ? 0 : 1;
};

/** Alerts that no failure is made for. */
const unmade = (): readonly string[] =>
  alerts
    .map(({ alert }) => alert)
    .filter((alert) => !EXPECTED.some((one) => one.alert === alert))
    .map((alert) => `${alert}: no failure is made for it`);

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
