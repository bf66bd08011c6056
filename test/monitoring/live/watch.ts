import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { replaceFile, makeTempDir } from "../../harness/temp-dir.ts";
import { type Prometheus, startPrometheus } from "../prometheus-server.ts";
import { again, type Scene } from "./scene.ts";

/** When an alert of a scene fired first and last, in milliseconds of `performance.now()`. */
interface Seen {
  readonly firstMs: number;
  lastMs: number;
}

export interface Watch {
  /** By `keyOf`. */
  readonly seen: ReadonlyMap<string, Seen>;
  readonly prometheus: Prometheus;
  readonly stop: () => Promise<void>;
}

export const keyOf = (scene: string, alert: string, severity: string): string =>
  `${scene} ${alert} ${severity}`;

interface WatchOptions {
  readonly binary: string;
  readonly groups: readonly object[];
  readonly everySeconds: number;
  readonly scenes: readonly Scene[];
}

const LOOK_EVERY_MS = 1_000;

/** A real Prometheus that scrapes the scenes, and what fires in it. */
export const watch = async (options: WatchOptions): Promise<Watch> => {
  const { binary, groups, everySeconds, scenes } = options;
  const targetsFile = join(await makeTempDir("targets"), "targets.json");
  const writeTargets = (): Promise<void> => replaceFile(targetsFile, targetsOf(scenes));
  await writeFile(targetsFile, targetsOf(scenes));
  const config = configOf(targetsFile, everySeconds);
  const prometheus = await startPrometheus({ binary, jobs: {}, groups, config });
  const seen = new Map<string, Seen>();
  const stop = again(LOOK_EVERY_MS, async () => {
    await writeTargets();
    for (const { labels } of await prometheus.firing()) {
      const { namespace = "", alertname = "", severity = "" } = labels;
      const key = keyOf(namespace, alertname, severity);
      const nowMs = performance.now();
      const known = seen.get(key);
      if (known === undefined) seen.set(key, { firstMs: nowMs, lastMs: nowMs });
      else known.lastMs = nowMs;
    }
  });
  return {
    seen,
    prometheus,
    stop: async () => {
      await stop();
      await prometheus.stop();
    },
  };
};

const targetsOf = (scenes: readonly Scene[]): string =>
  JSON.stringify(
    scenes.flatMap(({ name, targets }) =>
      targets().map(({ component, host }) => ({
        targets: [host],
        labels: { namespace: name, component, job: `${name}-${component}` },
      })),
    ),
  );

const configOf = (targetsFile: string, everySeconds: number): string =>
  stringify({
    global: {
      scrape_interval: `${everySeconds}s`,
      scrape_timeout: `${Math.min(10, everySeconds)}s`,
      evaluation_interval: `${everySeconds}s`,
    },
    rule_files: ["rules.yml"],
    scrape_configs: [
      { job_name: "scenes", file_sd_configs: [{ files: [targetsFile], refresh_interval: "5s" }] },
    ],
  });
