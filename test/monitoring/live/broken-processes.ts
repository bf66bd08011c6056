import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runCommand } from "../../../scripts/command.ts";
import { residentBytes } from "../../harness/process/resident-memory.ts";
import { startServices } from "../../harness/process/platform.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { hostOf, type Installation, type Scene, sceneOf, startInstallation } from "./scene.ts";

const CLOCK_AHEAD = {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "../../system/chaos/shifted-clock.ts")}`,
  CLOCK_OFF_MS: "9000",
};

/** A dispatcher that is killed and started again for as long as it lasts. */
export const killed = async (): Promise<Scene> => {
  const at = await startInstallation();
  const [port = 0] = at.ports;
  let stop: (() => Promise<void>) | undefined;
  return sceneOf("killed", at, {
    fail: async () => {
      stop = at.keep(20_000, async () => {
        await at.dispatchers.at(-1)?.kill();
        await at.dispatcherAt(port);
      });
    },
    mend: async () => stop?.(),
  });
};

/** One dispatcher for each fault of a process, and two APIs. */
export const processes = async (): Promise<Scene> => {
  const at = await startInstallation({ dispatchersAt: 4 });
  const [slow, full, crowded] = at.dispatchers as [ServiceProcess, ServiceProcess, ServiceProcess];
  const [, , , clockPort = 0, absentPort = 0, hiddenPort = 0] = at.ports;
  const second = await startServices(at.server, { dispatchers: 0 });
  at.targets.push({ component: "subscriptions", host: hostOf(second.subscriptions) });
  const mends: (() => unknown)[] = [];
  const restartAhead = async (env: Readonly<Record<string, string>>): Promise<void> => {
    await at.dispatchers[3]?.kill();
    at.dispatchers[3] = await at.dispatcherAt(clockPort, env);
  };
  return sceneOf("processes", at, {
    fail: async () => {
      await restartAhead(CLOCK_AHEAD);
      at.targets.push({ component: "dispatcher", host: `127.0.0.1:${absentPort}` });
      const hidden = await at.dispatcherAt(hiddenPort);
      mends.push(
        () => hidden.stop(),
        () => at.targets.splice(-1, 1),
        await withoutDescriptors(full),
        withoutMemory(crowded, await residentBytes(crowded.pid)),
        standingStill(at, slow),
        conflicting(at, second),
        () => restartAhead({}),
      );
    },
    mend: async () => {
      for (const mend of mends) await mend();
    },
  });
};

const standingStill = (at: Installation, service: ServiceProcess): (() => Promise<void>) => {
  const stop = at.keep(100, async () => {
    service.signal("SIGSTOP");
    await pause(400);
    service.signal("SIGCONT");
  });
  return stop;
};

const withoutDescriptors = async (service: ServiceProcess): Promise<() => Promise<void>> => {
  const open = readdirSync(`/proc/${service.pid}/fd`).length;
  const limit = async (most: number): Promise<void> => {
    const args = ["--pid", String(service.pid), `--nofile=${most}:1024`];
    const result = await runCommand("prlimit", args, { timeoutMs: 10_000 });
    if (result.kind === "not_run" || result.code !== 0)
      throw new Error(`prlimit: ${args.join(" ")}`);
  };
  await limit(open + 4);
  return () => limit(1_024);
};

/** A control group of its own with a limit just above what the process uses; as root, with version 1 of them. */
const withoutMemory = (service: ServiceProcess, usedBytes: number): (() => void) => {
  const mounted = "/sys/fs/cgroup/memory";
  const own = /^\d+:memory:(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  if (own === undefined)
    throw new Error("no control group of version 1 for memory: run it where there is one");
  const group = `${mounted}/ringback-${service.pid}`;
  mkdirSync(group);
  writeFileSync(`${group}/memory.limit_in_bytes`, String(Math.round(usedBytes * 1.06)));
  writeFileSync(`${group}/cgroup.procs`, String(service.pid));
  return () => {
    writeFileSync(`${mounted}${own}/cgroup.procs`, String(service.pid));
    rmdirSync(group);
  };
};

const conflicting = (
  at: Installation,
  second: Awaited<ReturnType<typeof startServices>>,
): (() => Promise<void>) =>
  at.keep(200, async (n) => {
    const change = {
      operation: "edit_event_subscriptions",
      agent_id: "contested",
      event_subscriptions: [
        { event_type: "call_completed", callback_url: `http://127.0.0.1:9/${n}` },
      ],
    };
    const calls = [at, second, at, second].map((one) => one.api("PATCH", "/agent/v1", change));
    await Promise.all(calls);
  });
